import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer, type AddressInfo, type Server } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { quote } from "shell-quote";

const COMPONENTS = join(__dirname, "../../components");
/** Stands in for `docker`: what it can be told is at the head of it. */
export const DOCKER = join(__dirname, "../fixtures/docker.sh");

/** The only real programs that a script finds, beside its fakes. */
const REAL_TOOLS = [
  ..."awk base64 basename bash cat cut date dirname env grep head install ls timeout".split(" "),
  ..."cp find gzip ln mkdir mktemp mv paste rm rmdir sed sort sync tail tar touch wc xargs".split(
    " ",
  ),
  ..."flock ionice nice".split(" "),
];

/** Where nothing listens. */
const CLOSED_PORT = 1;

export interface Finished {
  code: number;
  stdout: string;
  stderr: string;
}

/**
 * A pretended node: a folder with a fake `docker` (test/fixtures/docker.sh) whose swarm is made of
 * files in it, and whatever other commands a test needs. Scripts run in it as nodeScript.ts runs
 * them on a node, and find no other programs than these, and the node's folder in the place of
 * /etc. `sleep` is ten times as fast.
 */
export class FakeNode {
  readonly folder = mkdtempSync(join(tmpdir(), "fake-node-"));
  private readonly bin = join(this.folder, "bin");
  private readonly started: ChildProcess[] = [];
  private readonly servers = new Map<number, Server>();
  /** Sleeping takes no time, but counts: for waits that only their bound ends. */
  fastForward = false;
  constructor() {
    for (const folder of [
      "bin",
      "engine",
      "nodes",
      "configs",
      "secrets",
      "networks",
      "stacks",
      "tasks",
      "tokens",
      "fail",
    ]) {
      mkdirSync(join(this.folder, folder));
    }
    for (const tool of REAL_TOOLS) symlinkSync(which(tool), join(this.bin, tool));
    symlinkSync(DOCKER, join(this.bin, "docker"));
    this.command("hostname", "echo node1");
    this.command("sleep", `exec ${which("sleep")} "0.$1"`);
  }

  /** Adds a command with a body in bash, which runs in the node's folder. */
  command(name: string, body: string): void {
    const path = join(this.bin, name);
    const record = name === "sleep" ? "" : `echo "${name} $*" >>calls\n`;
    rmSync(path, { force: true }); // a link to the real one, which writing would follow
    writeFileSync(path, `#!${which("bash")}\ncd "$FAKE_NODE" || exit\n${record}${body}\n`);
    chmodSync(path, 0o755);
  }

  /**
   * Writes a file in the node's folder; its folder is made where it is missing. A script that runs
   * sees the file as it was or as it is now, and nothing in between.
   */
  write(file: string, content: string | number): void {
    const path = join(this.folder, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(join(this.folder, "written"), `${content}`);
    renameSync(join(this.folder, "written"), path);
  }

  /** Takes away a file, or a folder with all that is in it, at once as well. */
  erase(path: string): void {
    renameSync(join(this.folder, path), join(this.folder, "erased"));
    rmSync(join(this.folder, "erased"), { recursive: true });
  }

  /** A file's text without white space around it; undefined where there is none. */
  read(file: string): string | undefined {
    const path = join(this.folder, file);
    return existsSync(path) ? readFileSync(path, "utf8").trim() : undefined;
  }

  /** Makes this node's engine a member, or not, of a swarm that it sees these managers of. */
  engine(state: string, fields: Record<string, string> = {}): void {
    // The state comes last: a script that runs finds the rest in place once it is another one.
    for (const [field, value] of Object.entries({ ...fields, state })) {
      this.write(`engine/${field}`, value);
    }
  }

  /** Makes this node's engine a manager of a swarm of managers m1.. and workers w1... */
  swarm(managers: number, workers = 1): void {
    this.engine("active", { cluster: "cluster1", nodeId: "m1" });
    for (let i = 1; i <= managers; i++) {
      this.member(`m${i}`, { role: "manager", reachability: "reachable" });
    }
    for (let i = 1; i <= workers; i++) this.member(`w${i}`, { role: "worker" });
    this.config("wanted-size", { managers, nodes: managers + workers });
  }

  /** What the swarm knows about a node. */
  member(id: string, fields: Record<string, string>): void {
    const all = {
      ...{ hostname: `host-${id}`, state: "ready", address: `10.9.0.${id}` },
      ...{ labels: `swarm.arrived=${id}` },
      ...fields,
    };
    for (const [field, value] of Object.entries(all)) this.write(`nodes/${id}/${field}`, value);
  }

  /** A config of the swarm with these labels, made so many seconds ago. */
  config(name: string, labels: Record<string, string | number>, age = 0): void {
    for (const [label, value] of Object.entries(labels)) {
      this.write(`configs/${name}/label-${label}`, value);
    }
    this.write(`configs/${name}/made`, Math.floor(Date.now() / 1000) - age);
    this.write(`configs/${name}/id`, `id-of-${name}`);
  }

  /** Makes `docker WORDS...` fail the given number of times, or always. */
  failing(words: string, times: number | "always" = "always"): void {
    this.write(`fail/${words}`, times === "always" ? "" : times);
  }

  /** The commands that scripts called so far and that match, in order. */
  calls(pattern: RegExp): string[] {
    const lines = this.read("calls")?.split("\n") ?? [];
    // Where `timeout` is a fake, what it runs is recorded by itself.
    return lines.filter(
      (line) => pattern.test(line) && !/^timeout \d+ (docker|systemctl) /.test(line),
    );
  }

  /** Waits until a running script has called such a command so often, for ten seconds. */
  async called(pattern: RegExp, times = 1): Promise<void> {
    for (let tries = 0; tries < 1000; tries++) {
      if (this.calls(pattern).length >= times) return;
      await pause(10);
    }
    throw new Error(`no call like ${pattern}; the calls so far:\n${this.read("calls")}`);
  }

  /** Makes scripts find a port of 127.0.0.1 open. They find every other one closed. */
  async listen(port: number): Promise<void> {
    const server = createServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
    this.servers.set(port, server);
    await once(server, "listening");
  }

  /** Makes them find it closed again. */
  close(port: number): void {
    this.servers.get(port)?.close();
    this.servers.delete(port);
  }

  /**
   * Runs a script, such as `swarm/ready`, to its end. It fails the test when it asks a fake what
   * that does not know.
   */
  async run(
    script: string,
    args: (string | number)[],
    variables: Record<string, string> = {},
  ): Promise<Finished> {
    return this.bash(`${scriptText("remote/common")}\n${scriptText(script)}`, args, variables);
  }

  /** The same for a script's text, which reads and writes in the node's folder. */
  async bash(
    text: string,
    args: (string | number)[],
    variables: Record<string, string> = {},
  ): Promise<Finished> {
    const child = spawn(which("bash"), ["-s", "--", ...args.map(String)], {
      cwd: this.folder,
      env: { PATH: this.bin, FAKE_NODE: this.folder, TMPDIR: this.folder },
    });
    this.started.push(child);
    const output = { stdout: "", stderr: "" };
    child.stdout.on("data", (data) => (output.stdout += data));
    child.stderr.on("data", (data) => (output.stderr += data));
    const assignments = Object.entries(variables).map(
      ([name, value]) => `${name}=${quote([value])}\n`,
    );
    const sleep = this.fastForward ? "sleep() { SECONDS=$((SECONDS + $1)); }\n" : "";
    child.stdin.end(`${assignments.join("")}${sleep}${this.elsewhere(text)}`);
    const code = await new Promise<number>((done) => child.on("close", (status) => done(status!)));
    if (this.read("unexpected")) throw new Error(`unexpected call: ${this.read("unexpected")}`);
    return { code, ...output };
  }

  /** What no fake can stand in for: files in /etc and the like, devices (files here), ports for bash. */
  private elsewhere(text: string): string {
    return (
      text
        .replaceAll("/etc/", `${this.folder}/etc/`)
        // Where a node knocks at another one, a file there answers.
        .replaceAll("</dev/tcp/$1/$2", `<${this.folder}/ports/$1/$2`)
        .replace(
          /\/(run\/(docker\.pid|swarm-restore\.(key|lock))|var\/lib\/docker|usr\/local\/sbin)\b/g,
          `${this.folder}/$1`,
        )
        .replace(/\/(run\/reboot-required|sys\/class\/dmi)\b/g, `${this.folder}/$1`)
        .replace(/\/(var\/lib\/(prometheus|swarm-updates))\b/g, `${this.folder}/$1`)
        .replaceAll("[[ -b ", "[[ -f ")
        .replace(/(?<=\/dev\/tcp\/127\.0\.0\.1\/)\d+/g, (port) => {
          const server = this.servers.get(Number(port));
          return String(server ? (server.address() as AddressInfo).port : CLOSED_PORT);
        })
    );
  }

  /** Ends what still runs, and removes the folder. */
  remove(): void {
    for (const child of this.started) child.kill("SIGKILL");
    for (const port of this.servers.keys()) this.close(port);
    rmSync(this.folder, { recursive: true });
  }
}

/** The node's own words on failing: exactly one line, which names the node. */
export function onlyMessage(stderr: string): string {
  const lines = stderr.trim().split("\n");
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/^node1: /);
  return lines[0]!;
}

/** The text of a component's script, such as `remote/common`. */
export function scriptText(script: string): string {
  const [folder, name] = script.split("/");
  return readFileSync(join(COMPONENTS, `${folder}/scripts/${name}.sh`), "utf8");
}

/** Where a real program is. */
export function which(tool: string): string {
  const folders = (process.env.PATH ?? "").split(delimiter);
  const path = folders.map((folder) => join(folder, tool)).find((file) => existsSync(file));
  if (!path) throw new Error(`this test needs ${tool}`);
  return path;
}

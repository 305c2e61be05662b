import { execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { appendFile, cp, mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { hubName } from "../../../lab/devStack";
import { startDaemon } from "../../../lab/daemon";
import { startHypervisor } from "../../../lab/hypervisor";
import { readDeclaredKeys } from "../../../stacks/stackFile";
import { countDown } from "../../../lab/accelerator";
import { startRegistry } from "../../../lab/registry";

const run = promisify(execFile);
const project = join(__dirname, "..", "..", "..");
const enter = join(project, "lab", "enter");
const runs = join(project, ".cache", "lab", "runs");

// Each takes a fraction of a second, and a few when the machine is busy with six virtual machines.
jest.setTimeout(30_000);

/** Runs a script of lab/ and gives its exit status and everything it printed. */
async function lab(script: string, ...args: string[]): Promise<{ status: number; output: string }> {
  try {
    const { stdout, stderr } = await run(join(project, "lab", script), args);
    return { status: 0, output: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { status: code, output: stdout + stderr };
  }
}

/** Bounded wait on the real condition. */
async function eventually(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 10_000; Date.now() < deadline; await sleep(50)) {
    if (await holds()) return;
  }
  throw new Error(`not within 10 s: ${what}`);
}

describe("outside a lab", () => {
  test("nothing starts that would touch the machine's own libvirt and network", async () => {
    await expect(startHypervisor()).rejects.toThrow("not inside a lab: run it as `lab/enter");
    await expect(startRegistry()).rejects.toThrow("not inside a lab: run it as `lab/enter");
  });

  test("the course's script says what it lacks", async () => {
    expect(await lab("course/swarm.sh")).toMatchObject({
      status: 1,
      output: expect.stringContaining("usage: swarm.sh IMAGE SSH-KEY"),
    });
    const { output } = await lab("course/swarm.sh", "image", "key");
    expect(output).toContain("DOMAIN_TYPE: set it to kvm or qemu");
  });

  test("setup refuses an argument it does not know", async () => {
    expect(await lab("setup", "--nod")).toEqual({
      status: 1,
      output: "lab/setup: unknown argument --nod (known: --node, --ec2)\n",
    });
  });
});

describe("the registry's folder", () => {
  test("has a new name when its recipe changes", async () => {
    const copy = await mkdtemp(join(tmpdir(), "recipe-"));
    try {
      await cp(join(project, "lab", "registry"), join(copy, "lab", "registry"), {
        recursive: true,
      });
      const script = join(copy, "lab", "registry", "build");
      const path = async () => (await run(script, ["--path"])).stdout.trim();
      const before = await path();
      expect(before).toMatch(/\/\.cache\/lab\/registry\/[0-9a-f]{16}$/);
      expect(await path()).toBe(before);
      await appendFile(join(copy, "lab", "registry", "index.html"), "changed");
      expect(await path()).not.toBe(before);
    } finally {
      await rm(copy, { recursive: true });
    }
  });
});

test("the registry has every default image of Pulumi.yaml", async () => {
  const listed = (await readFile(join(project, "lab", "registry", "images"), "utf8"))
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.split(/ +/)[0]);
  const defaults = Object.entries(readDeclaredKeys(project))
    .filter(([key]) => key.endsWith("Image"))
    .map(([, declared]) => hubName(String(declared.default)));
  expect(defaults).not.toHaveLength(0);
  expect(listed).toEqual(expect.arrayContaining(defaults));
});

describe("a daemon", () => {
  let log: string;
  beforeEach(async () => {
    log = join(await mkdtemp(join(tmpdir(), "daemon-")), "log");
  });
  afterEach(() => rm(join(log, ".."), { recursive: true }));

  test("that ends is reported with the last it said", async () => {
    const daemon = startDaemon("sh", ["-c", "echo no such bridge; exit 3"], log);
    await expect(daemon.waitUntil(async () => false, 10)).rejects.toThrow(
      "sh did not start: it ended (3)\nno such bridge",
    );
  });

  test("that does not exist is reported", async () => {
    const daemon = startDaemon("/no/such/program", [], log);
    await expect(daemon.waitUntil(async () => false, 10)).rejects.toThrow(
      "program did not start: spawn /no/such/program ENOENT",
    );
  });

  test("that does not answer is reported after the bound", async () => {
    const daemon = startDaemon("sleep", ["60"], log);
    const refused = () => Promise.reject(new Error("connection refused"));
    await expect(daemon.waitUntil(refused, 0.2)).rejects.toThrow(
      "sleep did not start: no answer within 0.2 s",
    );
    await daemon.stop();
  });

  test("that answers can be stopped", async () => {
    const daemon = startDaemon("sh", ["-c", "echo $$; exec sleep 60"], log);
    await daemon.waitUntil(async () => (await readFile(log, "utf8")) !== "", 10);
    const pid = (await readFile(log, "utf8")).trim();
    expect(existsSync(`/proc/${pid}`)).toBe(true);
    await daemon.stop();
    expect(existsSync(`/proc/${pid}`)).toBe(false);
  });
});

// Namespaces need root, and the trial needs QEMU, which `lab/setup` installs but `npm test` does not.
const asRoot = process.getuid?.() === 0 ? describe : describe.skip;
const withQemu = existsSync("/usr/bin/qemu-system-x86_64") ? describe : describe.skip;

asRoot("a lab", () => {
  test("passes on the command's exit status and removes its folder", async () => {
    const { status, output } = await lab("enter", "sh", "-c", "cat /run/pulumi-swarm-lab; exit 7");
    expect(status).toBe(7);
    expect(output.trim().startsWith(runs)).toBe(true);
    expect(existsSync(output.trim())).toBe(false);
  });

  test("has its own network, processes, temporary files and libvirt", async () => {
    const look = "ls /sys/class/net /tmp /var/lib/libvirt; grep -ac lab/init /proc/1/cmdline";
    const { output } = await lab("enter", "sh", "-c", look);
    expect(output).toBe("/sys/class/net:\nlo\n\n/tmp:\n\n/var/lib/libvirt:\n1\n");
  });

  test("can be attached to", async () => {
    const shell = spawn(enter, ["sh", "-c", "touch /tmp/here; exec sleep 60"]);
    try {
      await eventually("a second command sees the first one's files", async () => {
        // Another lab may be running: look for this one's file.
        return (await lab("enter", "--attach", "ls", "/tmp")).output.includes("here");
      });
    } finally {
      shell.kill("SIGKILL");
    }
  });

  test.each([
    ["itself", [enter]],
    [
      "the one that started what started it",
      ["bash", "-c", `bash -c '${enter} "$@"; :' - "$@"; :`, "-"],
    ],
  ])("ends with all its processes when %s is killed", async (_, [program, ...args]) => {
    // A duration that no other process sleeps for.
    const seconds = String(100_000 + process.pid);
    const asleep = async () =>
      (await commandLines()).some((line) => line.startsWith(`sleep\0${seconds}`));

    const killed = spawn(program!, [...args, "sleep", seconds]);
    await eventually("the command runs", asleep);
    const folder = (await commandLines())
      .flatMap((line) => line.split("\0"))
      .find((word, index, words) => word.startsWith(runs) && words.includes(seconds));
    expect(existsSync(folder!)).toBe(true);
    killed.kill("SIGKILL");
    await eventually("the command is gone", async () => !(await asleep()));

    await eventually("the next lab has removed its folder", async () => {
      await lab("enter", "true");
      return !existsSync(folder!);
    });
  });
});

withQemu("the trial of KVM", () => {
  test("ends by itself in a guest that runs", async () => {
    expect(await countDown("tcg")).toBe(true);
  });
});

async function commandLines(): Promise<string[]> {
  const ids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  return Promise.all(ids.map((id) => readFile(`/proc/${id}/cmdline`, "utf8").catch(() => "")));
}

import { execFileSync } from "node:child_process";
import { chmodSync, lstatSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { FakeNode, onlyMessage, scriptText } from "../../unit/fakeNode";

jest.setTimeout(30_000); // enough for a machine that does other things too

let node: FakeNode;
beforeEach(() => {
  node = new FakeNode();
});
afterEach(() => node.remove());

/** Runs a line of bash after the helpers that all scripts share. */
const common = (line: string, variables: Record<string, string> = {}) =>
  node.bash(`${scriptText("remote/common")}\n${line}\n`, [], variables);

describe("wait_for", () => {
  test("stops as soon as the command succeeds", async () => {
    node.command("try", "echo x >>tries; (($(wc -l <tries) == 3))");
    const { code } = await common("wait_for 20 'a third try' try");
    expect(code).toBe(0);
    expect(node.calls(/^try/)).toHaveLength(3);
  });

  test("gives up after its bound, and says what it waited for", async () => {
    node.fastForward = true;
    node.command("try", "exit 1");
    const { code, stderr } = await common("wait_for 5 'a miracle' try");
    expect(code).toBe(1);
    expect(onlyMessage(stderr)).toBe("node1: gave up after 5 s waiting for a miracle");
    expect(node.calls(/^try/).length).toBeGreaterThan(1);
  });
});

describe("every try", () => {
  /** Bounds end at once, and hanging takes for ever. */
  const hanging = (command: string) => {
    node.fastForward = true;
    node.command(command, "exec tail -f calls");
    const timeout = execFileSync("bash", ["-c", "command -v timeout"], { encoding: "utf8" }).trim();
    node.command("timeout", `shift; exec ${timeout} 0.2 "$@"`);
  };

  test.each([
    ["docker", "wait_for 5 'the engine' engine_answers"],
    ["docker", "wait_for 5 'the engine' docker node ls"],
    ["systemctl", "wait_for 5 'the engine' systemctl restart docker"],
    ["cloud-init", "wait_for 5 'the engine' first_boot_done"],
  ])("has a bound where %s hangs (%s)", async (command, line) => {
    hanging(command);
    const { code, stderr } = await common(line);
    expect(code).toBe(1);
    expect(stderr).toContain("node1: gave up after 5 s waiting for the engine");
  });

  test("has one where no function of ours stands in for the command, and in every request", () => {
    const components = join(__dirname, "../../../components");
    const files = readdirSync(components, { recursive: true, encoding: "utf8" });
    const lines = files
      .filter((file) => /scripts\/[^/]+\.sh$/.test(file))
      .flatMap((file) => {
        const text = readFileSync(join(components, file), "utf8").replaceAll("\\\n", " ");
        return text.split("\n").map((line) => `${file}: ${line.trim()}`);
      });
    const commands = lines.filter((line) => !/: #/.test(line));
    const requests = commands.filter((line) => /\bcurl --/.test(line));
    expect(requests.length).toBeGreaterThan(2);
    expect(requests.filter((line) => !line.includes("--max-time"))).toEqual([]);
    expect(
      commands.filter((line) => /\b(xargs|env|exec) (docker|systemctl|curl)\b/.test(line)),
    ).toEqual([]);
  });
});

describe("write_file", () => {
  const CONTENT = "two\nlines\n";
  const write = async (mode = "600") => {
    const line = `if write_file /etc/new/file ${mode} "$CONTENT"; then echo written; else echo kept; fi`;
    const { code, stdout } = await common(line, { CONTENT });
    expect(code).toBe(0);
    return stdout.trim();
  };
  const file = () => join(node.folder, "etc/new/file");

  test("makes the file, and its folder, with the wanted content and mode", async () => {
    expect(await write()).toBe("written");
    expect(readFileSync(file(), "utf8")).toBe(CONTENT);
    expect(statSync(file()).mode & 0o777).toBe(0o600);
  });

  test("keeps a file that has the content", async () => {
    node.write("etc/new/file", CONTENT);
    const { mtimeMs } = statSync(file());
    expect(await write()).toBe("kept");
    expect(statSync(file()).mtimeMs).toBe(mtimeMs);
  });

  test("lets nobody read the new content by the old file's mode", async () => {
    node.write("etc/new/file", "old");
    chmodSync(file(), 0o644);
    expect(await write()).toBe("written");
    expect(readFileSync(file(), "utf8")).toBe(CONTENT);
    expect(statSync(file()).mode & 0o777).toBe(0o600);
  });

  test("ends the script, and says which file it is, when it cannot", async () => {
    node.write("etc/new", "a file in the folder's place");
    const line = 'if write_file /etc/new/file 600 "$CONTENT"; then :; fi; echo went on';
    const { code, stdout, stderr } = await common(line, { CONTENT });
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toContain(`node1: could not write ${file()}\n`);
  });
});

describe("a file that is written when something ends it", () => {
  const CONTENT = "new\n";
  const write = () =>
    common('if write_file /etc/new/file 600 "$CONTENT"; then :; fi; echo went on', { CONTENT });
  const files = () => readdirSync(join(node.folder, "etc/new"));
  /** The disk is full: what is written to the file that is made goes nowhere. */
  const full = 'ln -sf /dev/full "${@: -1}"';

  beforeEach(() => {
    node.write("etc/new/file", "old");
  });

  test("is the old one when the disk is full, with nothing beside it", async () => {
    node.command("install", full);
    const { code, stdout, stderr } = await write();
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toContain(`node1: could not write ${join(node.folder, "etc/new/file")}\n`);
    expect(lstatSync(join(node.folder, "etc/new/file")).isFile()).toBe(true);
    expect(node.read("etc/new/file")).toBe("old");
    expect(files()).toEqual(["file"]);
  });

  test("is the old one when the script is killed, and the new one after the next run", async () => {
    node.command("sync", "kill -9 $PPID");
    await write();
    expect(node.read("etc/new/file")).toBe("old");
    node.command("sync", "");
    expect((await write()).stdout).toBe("went on\n");
    expect(node.read("etc/new/file")).toBe("new");
    expect(files()).toEqual(["file"]);
  });

  test("is on the disk before it takes the old one's place, and then its name is, too", async () => {
    node.command("sync", "cat etc/new/file >>seen; echo >>seen");
    await write();
    const folder = join(node.folder, "etc/new");
    expect(node.calls(/^sync/)).toEqual([`sync ${folder}/file.new`, `sync ${folder}`]);
    expect(node.read("seen")!.split(/\n+/)).toEqual(["old", "new"]);
  });
});

describe("the firewall", () => {
  const RULES = "table inet swarm {\n  chain input { }\n}\n";
  const firewall = (FIREWALL = RULES) => common('firewall "$FIREWALL"', { FIREWALL });
  const written = () => readFileSync(join(node.folder, "etc/nftables.conf"), "utf8");
  const loads = () => node.calls(/^nft --file/);

  beforeEach(() => {
    node.command("systemctl", "");
    // Its table is loaded when there are rules in the kernel, which is a file here.
    node.command("nft", "case $1 in --file) cat >kernel ;; list) [[ -f kernel ]] ;; esac");
  });

  test("is loaded, and will be at every boot", async () => {
    expect(await firewall()).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(node.read("kernel")).toBe(RULES.trim());
    expect(written()).toBe(RULES);
    expect(node.calls(/^systemctl/)).toEqual(["systemctl enable --quiet nftables"]);
  });

  test("is left alone, with its counters, when it is loaded and no other is wanted", async () => {
    await firewall();
    expect((await firewall()).code).toBe(0);
    expect(loads()).toHaveLength(1);
    expect(node.calls(/^systemctl/)).toHaveLength(1);
  });

  test("is loaded again where somebody took it away", async () => {
    await firewall();
    node.erase("kernel");
    expect((await firewall()).code).toBe(0);
    expect(loads()).toHaveLength(2);
    expect(node.read("kernel")).toBe(RULES.trim());
  });

  test("is replaced by another one", async () => {
    await firewall();
    const other = RULES.replace("input", "forward");
    expect((await firewall(other)).code).toBe(0);
    expect(node.read("kernel")).toBe(other.trim());
    expect(written()).toBe(other);
  });

  test("stays as it was in its file on a full disk, and is all there after the next run", async () => {
    await firewall();
    const other = RULES.replace("input", "forward");
    const install = readFileSync(join(node.folder, "bin/install"));
    node.command("install", 'ln -sf /dev/full "${@: -1}"');
    expect((await firewall(other)).code).toBe(1);
    expect(lstatSync(join(node.folder, "etc/nftables.conf")).isFile()).toBe(true);
    expect(written()).toBe(RULES);
    writeFileSync(join(node.folder, "bin/install"), install);
    expect((await firewall(other)).code).toBe(0);
    expect(written()).toBe(other);
  });

  test.each([
    ["nft", "[[ $1 != --file ]]", "could not load the firewall"],
    ["systemctl", "exit 1", "could not make the firewall load at boot"],
  ])("is an error when %s fails, for the next run as well", async (command, body, message) => {
    await firewall();
    node.command(command, body);
    const other = RULES.replace("input", "forward");
    for (let run = 1; run <= 2; run++) {
      const { code, stderr } = await firewall(other);
      expect(code).toBe(1);
      expect(onlyMessage(stderr)).toBe(`node1: ${message}`);
      expect(written()).toBe(RULES);
    }
  });
});

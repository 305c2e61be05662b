/** The program by which ssh reaches any manager: with fake managers that are, or are not, in a swarm. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { knownHosts, sshConfig } from "../../../components/remote/sshConfig";
import { executable } from "../../unit/programFolder";

const SCRIPT = join(__dirname, "../../../components/remote/any-manager");
const MANAGERS = ["mg0=192.0.2.10", "mg1=192.0.2.11"];

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "any-manager-"));
  executable(join(folder, "bin/sleep"), "#!/bin/bash\n");
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Runs it, where the managers of this condition lead; instead of a relay it tells to where. */
function anyManager(host: string, leads: string) {
  executable(
    join(folder, "bin/ssh"),
    `#!/bin/bash\necho "$3" >>${folder}/asked; tries=$(wc -l <${folder}/asked); ${leads}\n`,
  );
  const text = readFileSync(SCRIPT, "utf8").replace(
    'exec 3<> "/dev/tcp/$1/22"',
    'echo "to $1"; exit',
  );
  const answered = join(folder, "answered");
  const { stdout, stderr, status } = spawnSync(
    "bash",
    ["-c", text, SCRIPT, "folder/config", host, ...MANAGERS],
    {
      env: {
        ...process.env,
        PATH: `${join(folder, "bin")}:${process.env.PATH}`,
        ANSWERED: answered,
      },
      encoding: "utf8",
    },
  );
  const asked = readFileSync(join(folder, "asked"), "utf8").trim().split("\n");
  return { said: stdout + stderr, status, asked, answered: existsSync(answered) };
}

test("is the first one that leads, or is led", () => {
  expect(anyManager("swarm-any", "true")).toEqual({
    said: "to 192.0.2.10\n",
    status: 0,
    asked: ["mg0"],
    answered: true,
  });
});

test("passes over one that is away", () => {
  expect(anyManager("swarm-any", "[[ $3 == mg1 ]]").said).toBe("to 192.0.2.11\n");
});

test("leaves out the one that it is to leave out", () => {
  expect(anyManager("swarm-without-mg0", "true")).toMatchObject({
    said: "to 192.0.2.11\n",
    asked: ["mg1"],
  });
});

test("asks all again while they elect a leader", () => {
  const { said, asked } = anyManager("swarm-any", "((tries > 6))");
  expect(said).toBe("to 192.0.2.10\n");
  expect(asked).toEqual(["mg0", "mg1", "mg0", "mg1", "mg0", "mg1", "mg0"]);
});

test("says so when none ever answers", () => {
  const { said, status, asked, answered } = anyManager("swarm-any", "false");
  expect(said).toBe("no manager of a swarm with a leader answers\n");
  expect([status, answered]).toEqual([1, false]);
  expect(asked).toHaveLength(20);
});

test("is what ssh itself starts, by the stack's config", () => {
  const key = join(folder, "key");
  spawnSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
  const manager = { name: "mg0", role: "manager" as const, address: "127.0.0.9" }; // nobody listens there
  writeFileSync(join(folder, "config"), sshConfig(folder, "root", [manager]));
  executable(join(folder, "bin/ssh"), "#!/bin/bash\n"); // which any-manager asks by
  const { stderr } = spawnSync(
    "/usr/bin/ssh",
    ["-F", join(folder, "config"), "swarm-any", "true"],
    {
      env: { ...process.env, PATH: `${join(folder, "bin")}:${process.env.PATH}` },
      encoding: "utf8",
    },
  );
  expect(stderr).toContain("/dev/tcp/127.0.0.9/22: Connection refused");
});

test("is known by the key of each manager that it may be, and of no other", () => {
  const hosts = ["mg0", "mg1"].map((name, i) => ({
    name,
    role: "manager" as const,
    address: `192.0.2.1${i}`,
  }));
  const own = hosts.map(({ name, address }) => {
    spawnSync("ssh-keygen", [
      "-q",
      "-t",
      "ed25519",
      "-N",
      "",
      "-C",
      name,
      "-f",
      join(folder, name),
    ]);
    return `${address} ${readFileSync(join(folder, `${name}.pub`), "utf8").trim()}`;
  });
  writeFileSync(join(folder, "known_hosts"), `${knownHosts(hosts, own).join("\n")}\n`);
  const knownBy = (name: string) => {
    const { stdout } = spawnSync("ssh-keygen", ["-F", name, "-f", join(folder, "known_hosts")], {
      encoding: "utf8",
    });
    return [...stdout.matchAll(/ (mg\d)$/gm)].map(([, manager]) => manager);
  };
  expect(knownBy("swarm-any")).toEqual(["mg0", "mg1"]);
  expect(knownBy("swarm-without-mg0")).toEqual(["mg1"]);
  expect(knownBy("swarm-without-worker9")).toEqual(["mg0", "mg1"]);
  expect(knownBy("192.0.2.11")).toEqual(["mg1"]);
});

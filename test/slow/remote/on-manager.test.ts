import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { quote } from "shell-quote";
import { sshConfig } from "../../../components/remote/sshConfig";
import { executable } from "../../unit/programFolder";

const SCRIPT = join(__dirname, "../../../components/remote/on-manager");

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "on-manager-"));
  writeFileSync(join(folder, "config"), "");
  command("sleep", "exit 0");
});
afterEach(() => rmSync(folder, { recursive: true }));

function command(name: string, body: string): void {
  executable(join(folder, "bin", name), `#!/bin/bash\ncd ${folder}\n${body}\n`);
}

/**
 * An `ssh` that notes its arguments and its stdin, and ends with these statuses one after the other.
 * Its ProxyCommand finds a manager from the given time on.
 */
function ssh(statuses: number[], { answersFrom = 1 } = {}): void {
  command(
    "ssh",
    `[[ $4 != grep* ]] || exit 1
printf '%s|' "$@" >>calls; cat >>calls; echo >>calls
statuses=(${statuses.join(" ")}); tries=$(grep -c LogLevel calls)
((tries >= ${answersFrom})) || exit 255
: >"$ANSWERED"
status=\${statuses[tries - ${answersFrom}]-${statuses.at(-1)}}
((status == 255)) || echo "the answer"
exit "$status"`,
  );
}

const linesOf = (name: string) =>
  existsSync(join(folder, name))
    ? readFileSync(join(folder, name), "utf8").trim().split("\n").filter(Boolean)
    : [];
const calls = () => linesOf("calls");

async function onManager(config = join(folder, "config"), seconds = 60) {
  const child = spawn(SCRIPT, [`${seconds}`, config, "swarm-any", "bash -s -- arrive 1"], {
    env: { PATH: `${join(folder, "bin")}:${process.env.PATH}` },
  });
  const output = { stdout: "", stderr: "" };
  child.stdout.on("data", (data) => (output.stdout += data));
  child.stderr.on("data", (data) => (output.stderr += data));
  child.stdin.on("error", () => undefined).end("the script");
  const code = await new Promise<number>((done) => child.on("close", (status) => done(status!)));
  return { code, ...output };
}

const CALL = () =>
  `-F|${join(folder, "config")}|-o|LogLevel=QUIET|swarm-any|bash -s -- arrive 1|the script`;

test("hands command and stdin to ssh, and its answer and status on", async () => {
  ssh([0]);
  expect(await onManager()).toEqual({ code: 0, stdout: "the answer\n", stderr: "" });
  expect(calls()).toEqual([CALL()]);
});

test("does not repeat what failed on the manager", async () => {
  ssh([3]);
  expect((await onManager()).code).toBe(3);
  expect(calls()).toHaveLength(1);
});

test("repeats it, with the same stdin, when there was no connection", async () => {
  ssh([255, 255, 0]);
  expect(await onManager()).toMatchObject({ code: 0, stdout: "the answer\n" });
  expect(calls()).toEqual([CALL(), CALL(), CALL()]);
});

test("asks again until a manager can speak for the swarm", async () => {
  ssh([0], { answersFrom: 3 });
  expect(await onManager()).toMatchObject({ code: 0, stdout: "the answer\n", stderr: "" });
  expect(calls()).toEqual([CALL(), CALL(), CALL()]);
});

test("takes what it hands on from its variable, where it is a script over stdin itself", () => {
  ssh([0]);
  const PAYLOAD = readFileSync(SCRIPT, "utf8"); // with every kind of quotes
  const { status } = spawnSync(
    "bash",
    ["-s", "--", "60", join(folder, "config"), "swarm-any", "true"],
    {
      input: `PAYLOAD=${quote([PAYLOAD])}\n${readFileSync(SCRIPT, "utf8")}`,
      env: { PATH: `${join(folder, "bin")}:${process.env.PATH}` },
    },
  );
  expect(status).toBe(0);
  expect(readFileSync(join(folder, "calls"), "utf8")).toContain(`swarm-any|true|${PAYLOAD}`);
});

test.each([
  { what: "no manager answers", given: { answersFrom: 100 } },
  { what: "there is no connection", given: {} },
])("gives up after its bound when $what", async ({ given }) => {
  ssh([255], given);
  const { code, stderr } = await onManager(undefined, 0);
  expect(code).toBe(1);
  expect(stderr).toBe("no manager of a swarm with a leader answered within 0 s\n");
});

test("says at once that a restore broke off, when no manager answers", async () => {
  writeFileSync(
    join(folder, "config"),
    "# managers: mg0 mg1\nHost mg0\n  HostName 192.0.2.10\nHost mg1\nHost worker0\n",
  );
  command(
    "ssh",
    `[[ $4 != LogLevel* ]] || exit 255
     echo "$3" >>asked
     [[ $3 == mg1 ]] && echo "begun 20260102T030405Z-mg1 /var/lib/docker/swarm-before-1"`,
  );
  const { code, stderr } = await onManager();
  expect(code).toBe(1);
  expect(stderr).toBe(
    "the restore of 20260102T030405Z-mg1 on mg1 is not done: " +
      "set restore to 20260102T030405Z-mg1, and run pulumi up again\n",
  );
  expect(linesOf("asked")).toEqual(["mg0", "mg1"]);
});

test("says how to get the config where there is none", async () => {
  ssh([0]);
  const { code, stderr } = await onManager(join(folder, "ssh/dev/config"));
  expect(code).toBe(1);
  expect(stderr).toBe(`there is no ${join(folder, "ssh/dev/config")}: run npm run ssh -- -s dev\n`);
  expect(calls()).toEqual([]);
});

test("says of each manager what keeps it from speaking for the swarm, when none can", async () => {
  const managers = ["mg0", "mg1"].map((name) => ({
    name,
    role: "manager" as const,
    address: "192.0.2.1",
  }));
  writeFileSync(join(folder, "config"), sshConfig("folder", "root", managers));
  command(
    "ssh",
    `[[ $4 != LogLevel* ]] || exit 255
[[ $4 != grep* ]] || exit 1
cat >"asked-$3"
[[ $3 == mg0 ]] || { echo "no route to host" >&2; exit 255; }
echo "swarm state error certificate has expired"
echo " its certificate ends on Jan  2 03:04:05 2026 GMT"`,
  );
  const { code, stderr } = await onManager(undefined, 0);
  expect(code).toBe(1);
  expect(stderr).toBe(
    "no manager of a swarm with a leader answered within 0 s\n" +
      "mg0: swarm state error certificate has expired, its certificate ends on Jan  2 03:04:05 2026 GMT\n" +
      "mg1: no route to host\n",
  );
  expect(readFileSync(join(folder, "asked-mg0"), "utf8")).toContain("swarm-node.crt");
});

import { execFileSync, spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sshConfig } from "../../../components/remote/sshConfig";
import { executable } from "../../unit/programFolder";

jest.setTimeout(30_000); // enough for a machine that does other things too

const DAY = 86400;
const NOW = Math.floor(Date.now() / 1000);

/** A project's folder, in which nodes are folders in `nodes`: start and end of the certificate, clock. */
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "revive-"));
  mkdirSync(join(folder, "components/swarm"), { recursive: true });
  cpSync(join(__dirname, "../../../cli/revive"), join(folder, "cli/revive"));
  mkdirSync(join(folder, ".cache/ssh/dev"), { recursive: true });
  const hosts = ["mg0", "mg1", "mg2", "worker0", "storage"].map((name) => ({
    name,
    role: name.startsWith("mg") ? ("manager" as const) : ("worker" as const),
    address: "192.0.2.1",
  }));
  writeFileSync(
    join(folder, ".cache/ssh/dev/config"),
    sshConfig(".cache/ssh/dev", "debian", hosts),
  );
  executable(join(folder, "bin/sleep"), "#!/bin/bash\n");
  executable(
    join(folder, "bin/ssh"),
    `#!/bin/bash
# SwarmKit: a certificate that is valid is renewed when 80 % of its life are over. The clock stands still.
cat >/dev/null
cd ${folder}/nodes
node=$3
echo "$node \${4##*-- }" >>told
set -- \${4##*-- }
[[ ! -f $node/silent ]] || exit 255
case $1 in
  dates) [[ ! -f $node/end ]] || echo "$(<"$node/start") $(<"$node/end")" ;;
  back | right) echo "$2" >"$node/clock" ;;
  lifetime)
    for one in */; do
      [[ -f $one/end ]] || continue
      clock=$(<"$one/clock") start=$(<"$one/start") end=$(<"$one/end")
      ((clock >= start && clock < end)) || exit 1
      ((clock < start + (end - start) * 8 / 10)) && continue
      echo $((clock - 3600)) >"$one/start"
      echo $((clock + \${2%%h*} * 3600)) >"$one/end"
    done
    before=$(cat lifetime) || exit 1
    echo "$2" >lifetime
    echo "$before"
    ;;
esac`,
  );
  write("lifetime", "2160h0m0s");
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(file: string, content: string | number): void {
  const path = join(folder, "nodes", file);
  execFileSync("mkdir", ["-p", join(path, "..")]);
  writeFileSync(path, `${content}\n`);
}
const read = (file: string) => readFileSync(join(folder, "nodes", file), "utf8").trim();
const told = (step: string) =>
  existsSync(join(folder, "nodes/told"))
    ? read("told")
        .split("\n")
        .filter((line) => line.includes(` ${step}`))
    : [];

/** A node whose certificate, of 90 days, ended so many days ago. */
function ended(node: string, days: number): void {
  write(`${node}/end`, NOW - days * DAY);
  write(`${node}/start`, NOW - (days + 90) * DAY);
  write(`${node}/clock`, NOW);
}

function revive() {
  const { status, stderr } = spawnSync(join(folder, "cli/revive"), ["dev"], {
    env: { PATH: `${join(folder, "bin")}:${process.env.PATH}` },
    encoding: "utf8",
  });
  return { status, stderr };
}

const NODES = ["mg0", "mg1", "mg2", "worker0"];

test("gives every node a certificate that lasts, and puts clocks and lifetime right", () => {
  NODES.forEach((node, i) => ended(node, 200 - 3 * i));
  const { status, stderr } = revive();
  expect(stderr).toContain("now run npx pulumi up -s dev");
  expect(status).toBe(0);
  for (const node of NODES) {
    expect(Number(read(`${node}/end`))).toBeGreaterThan(NOW + 80 * DAY);
    expect(Math.abs(Number(read(`${node}/clock`)) - NOW)).toBeLessThan(60);
  }
  expect(read("lifetime")).toBe("2160h0m0s");
  // The storage machine has no certificate, and keeps its clock.
  expect(told("back").filter((line) => line.startsWith("storage"))).toEqual([]);
});

test("goes on in rounds where one node's certificate is much younger than another's", () => {
  NODES.forEach((node, i) => ended(node, 200 - 20 * i));
  expect(revive().status).toBe(0);
  expect(told("back").length).toBeGreaterThan(NODES.length);
  for (const node of NODES) expect(Number(read(`${node}/end`))).toBeGreaterThan(NOW + DAY);
});

test("changes nothing where no certificate has ended", () => {
  NODES.forEach((node) => ended(node, -5));
  const { status, stderr } = revive();
  expect([status, stderr]).toEqual([
    0,
    expect.stringMatching(/^no certificate has ended: the first one does on /),
  ]);
  expect(told("back")).toEqual([]);
});

test("changes nothing where there is no time at which all are valid, and says so", () => {
  NODES.forEach((node) => ended(node, 10));
  ended("worker0", 200);
  const { status, stderr } = revive();
  expect(status).toBe(1);
  expect(stderr).toContain("there is no time at which all certificates are valid");
  expect(told("back")).toEqual([]);
});

test("leaves out a node that does not answer, and names it", () => {
  NODES.forEach((node) => ended(node, 20));
  write("worker0/silent", "");
  rmSync(join(folder, "nodes/worker0/end"));
  const { status, stderr } = revive();
  expect(status).toBe(0);
  expect(stderr).toMatch(/^worker0 does not answer, or has no openssl/m);
});

test("puts the clocks right when it is ended", () => {
  NODES.forEach((node) => ended(node, 20));
  executable(join(folder, "bin/sleep"), "#!/bin/bash\nkill -TERM $PPID\n");
  rmSync(join(folder, "nodes/lifetime")); // so that no manager ever does
  expect(revive().status).not.toBe(0);
  expect(told("back")).toHaveLength(NODES.length);
  for (const node of NODES) {
    expect(Math.abs(Number(read(`${node}/clock`)) - NOW)).toBeLessThan(60);
  }
});

import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { parseUpdates } from "../../../cli/drift/updates";
import { FakeNode, onlyMessage } from "../../unit/fakeNode";

jest.setTimeout(30_000); // enough for a machine that does other things too

let node: FakeNode;
beforeEach(() => {
  node = new FakeNode();
  apt();
});
afterEach(() => node.remove());

const FOLDER = "var/lib/swarm-updates";
const METRICS = "var/lib/prometheus/node-exporter/updates.prom";

/** What `apt-get --simulate dist-upgrade` of Debian 13 says, in its own words. */
const PENDING = [
  "Reading package lists...",
  "The following NEW packages will be installed:",
  "  linux-image-6.12.90+deb13-cloud-amd64",
  "Inst libc6 [2.41-11] (2.41-12 Debian:13.2/stable [amd64]) []",
  "Inst linux-image-6.12.90+deb13-cloud-amd64 (6.12.90-1 Debian:13.2/stable [amd64])",
  "Inst openssl [3.5.1-1] (3.5.1-1+deb13u1 Debian:13.2/stable, Debian-Security:13/stable-security [amd64])",
  "Inst my-security-tool [1.0] (1.1 localhost [all])",
  "Conf libc6 (2.41-12 Debian:13.2/stable [amd64])",
];

/** Makes apt-get say this, and read its lists without, or with, a failure. */
function apt(lines: string[] = [], update = ""): void {
  node.write("simulated", lines.map((line) => `${line}\n`).join(""));
  node.command(
    "apt-get",
    `if [[ $* == *" update" ]]; then ${update || ":"}; else cat simulated; fi`,
  );
}

const check = async () => {
  const { code, stdout, stderr } = await node.run("swarm/updates", []);
  expect(code).toBe(0);
  return { ...parseUpdates(stdout), stderr };
};

const metrics = () =>
  node
    .read(METRICS)!
    .split("\n")
    .filter((line) => !line.startsWith("#"));

test("names installed packages with a newer version, and those with one from a security archive", async () => {
  apt(PENDING);
  const before = Math.floor(Date.now() / 1000);
  const { fresh, checkedSeconds, packages } = await check();
  expect(fresh).toBe(true);
  expect(checkedSeconds).toBeGreaterThanOrEqual(before);
  expect(packages).toMatchObject([
    { name: "libc6", installed: "2.41-11", newer: "2.41-12", security: false },
    { name: "openssl", installed: "3.5.1-1", newer: "3.5.1-1+deb13u1", security: true },
    { name: "my-security-tool", installed: "1.0", newer: "1.1", security: false },
  ]);
  expect(packages.every(({ sinceSeconds }) => sinceSeconds >= before)).toBe(true);
});

test("installs nothing, and leaves the node's own lists alone", async () => {
  await check();
  const calls = node.calls(/^apt-get/);
  expect(calls).toHaveLength(2);
  for (const call of calls) {
    expect(call).toMatch(/ (update|--simulate --ignore-hold dist-upgrade)$/);
    expect(call).toContain(`Dir::State::lists=${node.folder}/${FOLDER}/lists`);
  }
});

test("remembers since when, as long as the installed version is the same", async () => {
  node.write(
    `${FOLDER}/pending`,
    "openssl 3.5.1-1 3.5.1-1+deb13u0 security 1000\nlibc6 2.41-10 2.41-11 other 1000\n",
  );
  apt(PENDING);
  const since = (await check()).packages.map(({ name, sinceSeconds }) => [name, sinceSeconds]);
  const now = expect.any(Number) as number;
  expect(since).toEqual([
    ["libc6", now],
    ["openssl", 1000],
    ["my-security-tool", now],
  ]);
  expect(since[0]![1]).toBeGreaterThan(1000);
});

test("tells Prometheus, in its form", async () => {
  node.write(`${FOLDER}/pending`, "openssl 3.5.1-1 3.5.1-1+deb13u0 security 1000\n");
  node.write("run/reboot-required", "");
  apt(PENDING.filter((line) => line.includes("openssl")));
  const { checkedSeconds } = await check();
  expect(metrics()).toEqual([
    "node_reboot_required 1",
    `node_updates_checked_timestamp_seconds ${checkedSeconds}`,
    "node_updates_pending 1",
    "node_security_updates_pending 1",
    'node_update_pending_since_timestamp_seconds{package="openssl",security="true"} 1000',
  ]);
  const promtool = join(__dirname, "../../../.cache/tools/usr/bin/promtool");
  execFileSync(promtool, ["check", "metrics"], { input: `${node.read(METRICS)!}\n` });
});

test("has nothing to say where all is new", async () => {
  expect((await check()).packages).toEqual([]);
  expect(metrics()).toContain("node_updates_pending 0");
});

describe("without its package mirror", () => {
  const AWAY = "echo 'E: Failed to fetch http://mirror/InRelease' >&2; exit 100";

  test("keeps what it knows and says that it is old; what was installed meanwhile is gone", async () => {
    apt(PENDING);
    await check();
    node.write(`${FOLDER}/checked`, "1000");
    apt(PENDING.slice(0, 4), AWAY);
    const { fresh, checkedSeconds, packages, stderr } = await check();
    expect([fresh, checkedSeconds]).toEqual([false, 1000]);
    expect(packages.map(({ name }) => name)).toEqual(["libc6"]);
    expect(metrics()).toContain("node_updates_checked_timestamp_seconds 1000");
    expect(onlyMessage(stderr)).toBe(
      "node1: could not read the lists of the package mirror: E: Failed to fetch http://mirror/InRelease",
    );
  });

  test("claims nothing where it has never answered", async () => {
    apt(PENDING, AWAY);
    expect(await check()).toMatchObject({ fresh: false, checkedSeconds: 0, packages: [] });
    expect(metrics()).toEqual(["node_reboot_required 0"]);
  });
});

test("keeps what it knows where apt cannot say", async () => {
  apt(PENDING);
  await check();
  node.command("apt-get", "[[ $* == *' update' ]]");
  const { packages, stderr } = await check();
  expect(packages).toHaveLength(3);
  expect(onlyMessage(stderr)).toContain("apt cannot say what is newer");
});

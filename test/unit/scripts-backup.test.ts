import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { scriptText } from "../../components/swarm/nodeScript";
import { FakeNode, onlyMessage } from "./fakeNode";

jest.setTimeout(30_000); // enough for a machine that does other things too

const STORAGE = ["192.168.42.19", "/srv/swarm", "backups/dev"];
const FOLDER = "storage/backups/dev";

let node: FakeNode;
beforeEach(() => {
  node = new FakeNode();
  node.swarm(3);
  // The storage is the folder of that name.
  node.write("storage/portainer/data", "of a service");
  node.command("mount.nfs4", "");
  node.command("mount", 'rmdir "${@: -1}" && ln -s "$FAKE_NODE/storage" "${@: -1}"');
  node.command("umount", 'rm "$2"');
  // By which it knocks at the server, and runs the rest.
  node.command("timeout", '[[ $1 == 5 ]] || { shift; exec "$@"; }');
  node.command("systemctl", "");
});
afterEach(() => node.remove());

const fileNames = () =>
  existsSync(join(node.folder, FOLDER)) ? readdirSync(join(node.folder, FOLDER)).sort() : [];

describe("install", () => {
  const UNITS = "etc/systemd/system";
  const install = (schedule = "daily", keep = 14) =>
    node.run("backup/install", [schedule, ...STORAGE, keep], { PROGRAM: "#!/bin/bash\ntrue\n" });

  beforeEach(() => node.command("systemd-analyze", ""));

  test("puts the command and its settings in place, the settings for root alone", async () => {
    expect(await install()).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(node.read("usr/local/sbin/swarm-backup")).toBe("#!/bin/bash\ntrue");
    expect(statSync(join(node.folder, "usr/local/sbin/swarm-backup")).mode & 0o777).toBe(0o755);
    expect(node.read("etc/docker/backup")).toBe([...STORAGE, "14"].join("\n"));
    expect(statSync(join(node.folder, "etc/docker/backup")).mode & 0o777).toBe(0o600);
  });

  test("has systemd run it on time", async () => {
    await install("*-*-* 03:00");
    expect(node.read(`${UNITS}/swarm-backup.timer`)).toContain("\nOnCalendar=*-*-* 03:00\n");
    expect(node.read(`${UNITS}/swarm-backup.service`)).toMatch(/^ExecStart=\S+\/swarm-backup$/m);
    expect(node.calls(/^systemctl/)).toEqual([
      "systemctl daemon-reload",
      "systemctl enable --now --quiet swarm-backup.timer",
    ]);
  });

  test("reads the units again only when they are others", async () => {
    await install();
    await install();
    expect(node.calls(/daemon-reload/)).toHaveLength(1);
    await install("weekly");
    expect(node.calls(/daemon-reload/)).toHaveLength(2);
  });

  test("takes the timer away without a schedule, and keeps the command", async () => {
    await install("");
    expect(node.calls(/^systemctl/)).toEqual([
      "systemctl disable --now --quiet swarm-backup.timer",
    ]);
    expect(node.read("usr/local/sbin/swarm-backup")).toBeDefined();
  });

  test("refuses a schedule that systemd does not understand", async () => {
    node.command("systemd-analyze", "exit 1");
    const { code, stderr } = await install("every:day");
    expect(code).toBe(1);
    expect(onlyMessage(stderr)).toBe(
      'node1: systemd does not understand backupSchedule "every:day"; write one such as daily or *-*-* 03:00',
    );
    expect(node.calls(/^systemctl/)).toEqual([]);
  });
});

describe("backup", () => {
  const TODAY = "20260102T030405Z-node1";
  /** Stands in for the engine: a process that can be made to stand still. */
  let engine: ChildProcess;

  const backup = (...args: string[]) => node.bash(scriptText("backup/backup"), args);
  const managers = (...rows: string[]) => node.write("engine/managers", rows.join("\n"));

  beforeEach(async () => {
    engine = spawn("sleep", ["60"]);
    await once(engine, "spawn");
    node.write("run/docker.pid", engine.pid!);
    node.write("var/lib/docker/swarm/raft/wal", "what Raft has");
    node.write("etc/docker/backup", `${[...STORAGE, 3].join("\n")}\n`);
    node.command("date", `echo ${TODAY.replace("-node1", "")}`);
    managers("Leader m2", "Reachable m1", "Reachable m3");
  });
  afterEach(() => {
    engine.kill("SIGKILL");
  });

  const state = () => readFileSync(`/proc/${engine.pid}/stat`, "utf8").split(" ")[2];

  test("writes the swarm's state to the storage, for root alone, and prints its name", async () => {
    expect(await backup()).toEqual({ code: 0, stdout: `${TODAY}\n`, stderr: "" });
    expect(fileNames()).toEqual([`${TODAY}.tar.gz`]);
    const file = join(node.folder, FOLDER, `${TODAY}.tar.gz`);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const [shown] = await once(spawn("tar", ["-xzOf", file, "swarm/raft/wal"]).stdout, "data");
    expect(String(shown)).toBe("what Raft has");
  });

  test("copies while the engine stands still, and lets it go on", async () => {
    node.command("cp", `awk '{ print $3 }' "/proc/${engine.pid}/stat" >seen; exec /bin/cp "$@"`);
    await backup();
    expect(node.read("seen")).toBe("T");
    expect(state()).toBe("S");
  });

  test("lets the engine go on, and writes nothing, when the copy fails", async () => {
    node.command("cp", "exit 1");
    const { code, stderr } = await backup();
    expect(code).toBe(1);
    expect(onlyMessage(stderr)).toMatch(/^node1: no backup: could not copy \S+ within 4 s$/);
    expect(state()).toBe("S");
    expect(fileNames()).toEqual([]);
  });

  test("lets the engine go on even when it is killed itself", async () => {
    node.command("cp", 'kill -KILL "$PPID"');
    await backup();
    for (let tries = 0; tries < 100 && state() === "T"; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(state()).toBe("S");
  });

  test.each([
    ["another follower comes first", ["Leader m2", "Reachable m0", "Reachable m1"]],
    ["it leads, and has a follower", ["Leader m1", "Reachable m2", "Reachable m3"]],
  ])("is left to another manager when %s", async (_, rows) => {
    managers(...rows);
    expect(await backup()).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(fileNames()).toEqual([]);
    expect(node.calls(/^mount /)).toEqual([]);
  });

  test.each([
    ["it is the only manager", ["Leader m1"]],
    ["no follower is well", ["Leader m1", "Unreachable m2", "Unreachable m3"]],
  ])("is the leader's work when %s", async (_, rows) => {
    managers(...rows);
    expect((await backup()).stdout).toBe(`${TODAY}\n`);
  });

  test("keeps as many as it is told, and removes the oldest", async () => {
    for (const day of ["0101", "0201", "0301", "0401"]) {
      node.write(`${FOLDER}/2025${day}T000000Z-m2.tar.gz`, "old");
    }
    node.write(`${FOLDER}/notes`, "somebody's");
    expect(await backup()).toEqual({ code: 0, stdout: `${TODAY}\n`, stderr: "" });
    expect(fileNames()).toEqual([
      "20250301T000000Z-m2.tar.gz",
      "20250401T000000Z-m2.tar.gz",
      `${TODAY}.tar.gz`,
      "notes",
    ]);
    expect((await backup("list")).stdout.split("\n")).toEqual([
      TODAY,
      "20250401T000000Z-m2",
      "20250301T000000Z-m2",
      "",
    ]);
  });

  test("lists what there is on any manager, also without a leader", async () => {
    node.write(`${FOLDER}/20250101T000000Z-m2.tar.gz`, "old");
    node.failing("node ls");
    expect(await backup("list")).toEqual({ code: 0, stdout: "20250101T000000Z-m2\n", stderr: "" });
  });

  test("says so when the swarm has no leader", async () => {
    node.failing("node ls");
    const { code, stderr } = await backup();
    expect(code).toBe(1);
    expect(stderr).toContain("node1: no backup: this swarm has no leader\n");
  });

  test("leaves no half backup when it cannot be written", async () => {
    node.command("tar", "exit 2");
    const { code, stderr } = await backup();
    expect(code).toBe(1);
    expect(onlyMessage(stderr)).toBe(
      `node1: could not write 192.168.42.19:/srv/swarm/backups/dev/${TODAY}.tar.gz`,
    );
    expect(fileNames()).toEqual([]);
  });
});

describe("restore", () => {
  const NAME = "20260102T030405Z-m1";
  const restore = (name = NAME, address = "192.168.42.10") =>
    node.run("backup/restore", [0, address, ...STORAGE, name]);
  const keyFile = "var/lib/docker/swarm/certificates/swarm-node.key";

  async function backUp(key: string): Promise<void> {
    node.write("swarm/raft/wal", "what Raft had");
    node.write("swarm/docker-state.json", '{"AdvertiseAddr":"192.168.42.10:2377"}');
    node.write("swarm/certificates/swarm-node.key", key);
    node.write(`${FOLDER}/20250101T000000Z-m1.tar.gz`, "old");
    const file = join(node.folder, FOLDER, `${NAME}.tar.gz`);
    await once(spawn("tar", ["-C", node.folder, "-czf", file, "swarm"]), "close");
  }

  /** A backup of a swarm of three managers, and a machine that is in none. */
  beforeEach(async () => {
    await backUp("-----BEGIN PRIVATE KEY-----\n");
    node.write("etc/docker/ready", "");
    node.write("var/lib/docker/swarm/raft/wal", "something else");
    node.engine("inactive", { control: "true" });
    // What the engine knows once it has started with the backup.
    node.command(
      "systemctl",
      "[[ $* != 'start docker' ]] || { echo active >engine/state; echo cluster1 >engine/cluster; }",
    );
    node.write("nodes/m1/leader", "true");
  });

  test("gives the engine the backup's state, and makes it the only manager", async () => {
    const { code, stdout } = await restore();
    expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
    expect(node.read("var/lib/docker/swarm/raft/wal")).toBe("what Raft had");
    expect(readdirSync(join(node.folder, "var/lib/docker"))).toEqual(["swarm"]);
    expect(node.calls(/^systemctl|^docker swarm init|node rm/)).toEqual([
      "systemctl stop docker.socket docker",
      "systemctl start docker",
      "docker swarm init --force-new-cluster --advertise-addr 192.168.42.10" +
        " --listen-addr 192.168.42.10:2377 --data-path-addr 192.168.42.10",
      "docker node rm --force m2",
      "docker node rm --force m3",
    ]);
    expect(readdirSync(join(node.folder, "nodes"))).toEqual(["m1", "w1"]);
  });

  test("does it once for each backup", async () => {
    await restore();
    const before = node.calls(/^systemctl/);
    expect((await restore()).code).toBe(0);
    expect(node.calls(/^systemctl/)).toEqual(before);
  });

  test("does it again when it broke off", async () => {
    node.write("nodes/m1/leader", "false");
    node.fastForward = true;
    expect((await restore()).code).toBe(1);
    expect(node.read("etc/docker/restored")).toBe(`begun ${NAME}`);
    node.write("nodes/m1/leader", "true");
    expect((await restore()).code).toBe(0);
    expect(node.read("etc/docker/restored")).toBe(NAME);
  });

  test("changes nothing when the backup is of a manager with another address", async () => {
    const { code, stderr } = await restore(NAME, "192.168.42.11");
    expect(code).toBe(1);
    expect(onlyMessage(stderr)).toBe(
      "node1: the backup is of a manager with another address than 192.168.42.11",
    );
    expect(node.calls(/^systemctl/)).toEqual([]);
    expect(node.read("var/lib/docker/swarm/raft/wal")).toBe("something else");
  });

  test("names the backups that there are when there is none of that name", async () => {
    const { code, stderr } = await restore("20260102T030405Z-m9");
    expect(code).toBe(1);
    const message = onlyMessage(stderr);
    expect(message).toMatch(
      /^node1: there is no backup 20260102T030405Z-m9 on the storage; there are: /,
    );
    expect(message).toContain(NAME);
    expect(message).toContain("20250101T000000Z-m1");
    expect(node.calls(/^systemctl/)).toEqual([]);
  });

  describe("of a swarm with autolock", () => {
    const LOCKED = "-----BEGIN ENCRYPTED PRIVATE KEY-----";
    const OPEN = "-----BEGIN PRIVATE KEY-----";
    const key = (words: (string | number)[], variables = {}) =>
      node.run("backup/key", words, variables);

    beforeEach(() => backUp(`${LOCKED}\n`));

    test("shows its locked key", async () => {
      const { stdout } = await key(["read", 0, ...STORAGE, NAME]);
      expect(stdout).toBe(`${LOCKED}\n`);
    });

    test("takes the opened one, for root alone, and leaves no copy", async () => {
      await key(["write"], { KEY: OPEN });
      expect(statSync(join(node.folder, "etc/docker/restore.key")).mode & 0o777).toBe(0o600);
      expect((await restore()).code).toBe(0);
      expect(node.read(keyFile)).toBe(OPEN);
      expect(statSync(join(node.folder, keyFile)).mode & 0o777).toBe(0o600);
      expect(node.read("etc/docker/restore.key")).toBeUndefined();
    });

    test("asks for the key, and changes nothing", async () => {
      const { code, stderr } = await restore();
      expect(code).toBe(1);
      expect(onlyMessage(stderr)).toContain("set restoreUnlockKey (its output unlockKey)");
      expect(node.calls(/^systemctl/)).toEqual([]);
    });
  });
});

describe("autolock", () => {
  test("is set, and prints the key", async () => {
    const { stdout } = await node.run("swarm/autolock", ["true"]);
    expect(stdout).toBe("SWMKEY-1-good\n");
    expect(node.calls(/swarm update/)).toEqual(["docker swarm update --autolock=true"]);
  });

  test("is taken away, and prints nothing", async () => {
    await node.run("swarm/autolock", ["true"]);
    const off = await node.run("swarm/autolock", ["false"]);
    expect(off).toEqual({ code: 0, stdout: "", stderr: "" });
  });

  test("says so when it cannot be set", async () => {
    node.failing("swarm update");
    const { code, stderr } = await node.run("swarm/autolock", ["true"]);
    expect(code).toBe(1);
    expect(stderr).toContain("node1: could not set autolock to true\n");
  });
});

describe("unlock", () => {
  const unlock = (UNLOCK_KEY: string) => node.run("swarm/unlock", [], { UNLOCK_KEY });

  test("opens a manager that is locked", async () => {
    node.engine("locked");
    expect((await unlock("SWMKEY-1-good")).code).toBe(0);
    expect(node.read("engine/state")).toBe("active");
  });

  test("does nothing on one that is open", async () => {
    expect((await unlock("SWMKEY-1-good")).code).toBe(0);
    expect(node.calls(/unlock/)).toEqual([]);
  });

  test("says so when the key is another one", async () => {
    node.engine("locked");
    const { code, stderr } = await unlock("SWMKEY-1-other");
    expect(code).toBe(1);
    expect(stderr).toContain("node1: the unlock key does not open this manager's swarm state\n");
  });
});

import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { scriptText } from "../../../components/remote/nodeScript";
import { FakeNode, onlyMessage, which } from "../../unit/fakeNode";

jest.setTimeout(30_000); // enough for a machine that does other things too

const STORAGE = ["192.168.42.19", "/srv/swarm", "backups/dev"];
const FOLDER = "storage/backups/dev";

/** The stack's key, as tls.PrivateKey has it. */
let keys: { public: string; private: string };
beforeAll(() => {
  const folder = mkdtempSync(join(tmpdir(), "backup-key-"));
  execFileSync("ssh-keygen", [
    "-q",
    "-t",
    "ed25519",
    "-N",
    "",
    "-C",
    "",
    "-f",
    join(folder, "key"),
  ]);
  const read = (name: string) => readFileSync(join(folder, name), "utf8").trim();
  keys = { public: read("key.pub"), private: read("key") };
  rmSync(folder, { recursive: true });
});

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
  node.command("age", `exec ${which("age")} "$@"`);
});
afterEach(() => node.remove());

const fileNames = () =>
  existsSync(join(node.folder, FOLDER)) ? readdirSync(join(node.folder, FOLDER)).sort() : [];

describe("install", () => {
  const UNITS = "etc/systemd/system";
  const SCHEDULE_METRICS = "var/lib/prometheus/node-exporter/backup-schedule.prom";
  const install = (schedule = "daily", keep = 14) =>
    node.run("backup/install", [schedule, ...STORAGE, keep, keys.public], {
      PROGRAM: "#!/bin/bash\ntrue\n",
    });

  /** The next moments of a schedule, as systemd tells them. */
  const moments = (...times: string[]) =>
    node.command(
      "systemd-analyze",
      times
        .map(
          (time, i) => `echo "  ${i === 0 ? "Next elapse" : `Iteration #${i + 1}`}: ${time} UTC"`,
        )
        .concat('echo "       From now: 8h left"')
        .join("\n"),
    );

  beforeEach(() => moments("Sat 2026-11-28 00:00:00", "Sun 2026-11-29 00:00:00"));

  test("puts the command and its settings in place, the settings for root alone", async () => {
    expect(await install()).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(node.read("usr/local/sbin/swarm-backup")).toBe("#!/bin/bash\ntrue");
    expect(statSync(join(node.folder, "usr/local/sbin/swarm-backup")).mode & 0o777).toBe(0o755);
    expect(node.read("etc/docker/backup")).toBe([...STORAGE, "14", keys.public].join("\n"));
    expect(statSync(join(node.folder, "etc/docker/backup")).mode & 0o777).toBe(0o600);
  });

  test("installs what encrypts them where the image has none", async () => {
    const apt = "apt-get -q -o DPkg::Lock::Timeout=300";
    node.erase("bin/age");
    node.command("apt-get", "");
    expect((await install()).code).toBe(0);
    expect(node.calls(/^apt-get/)).toEqual([
      `${apt} update`,
      `${apt} install -y --no-install-recommends nfs-common age`,
    ]);
  });

  test("has systemd run it on time, and takes it for no failure when another one is running", async () => {
    await install("*-*-* 03:00");
    expect(node.read(`${UNITS}/swarm-backup.timer`)).toContain("\nOnCalendar=*-*-* 03:00\n");
    expect(node.read(`${UNITS}/swarm-backup.service`)).toMatch(/^ExecStart=\S+\/swarm-backup$/m);
    expect(node.read(`${UNITS}/swarm-backup.service`)).toMatch(/^SuccessExitStatus=75$/m);
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
    await install();
    expect(node.read(SCHEDULE_METRICS)).toBeDefined();
    await install("");
    expect(node.calls(/^systemctl disable/)).toEqual([
      "systemctl disable --now --quiet swarm-backup.timer",
    ]);
    expect(node.read("usr/local/sbin/swarm-backup")).toBeDefined();
    expect(node.read(SCHEDULE_METRICS)).toBeUndefined();
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

  describe("tells Prometheus how old a backup may be", () => {
    const allowed = () =>
      /^swarm_backup_max_age_seconds (\d+)$/m.exec(node.read(SCHEDULE_METRICS)!)?.[1];
    const since = () =>
      /^swarm_backup_installed_timestamp_seconds (\d+)$/m.exec(node.read(SCHEDULE_METRICS)!)?.[1];

    test("twice the longest pause of its schedule", async () => {
      await install();
      expect(allowed()).toBe(`${2 * 86_400}`);
      moments("Sat 2026-11-28 03:00:00", "Sun 2026-11-29 03:00:00", "Sat 2026-12-05 03:00:00");
      await install("Sat..Sun 03:00");
      expect(allowed()).toBe(`${2 * 6 * 86_400}`);
    });

    test("from when it was first installed on that schedule", async () => {
      await install();
      expect(Number(since())).toBeGreaterThan(Date.now() / 1000 - 60);
      node.write(SCHEDULE_METRICS, node.read(SCHEDULE_METRICS)!.replace(since()!, "1"));
      await install();
      expect(since()).toBe("1");
    });

    test("not at all when there is one moment only", async () => {
      moments("Tue 2030-12-24 00:00:00");
      expect((await install("2030-12-24")).code).toBe(0);
      expect(node.read(SCHEDULE_METRICS)).toBeUndefined();
    });
  });
});

describe("backup", () => {
  const TODAY = "20260102T030405Z-node1";
  const METRICS = "var/lib/prometheus/node-exporter";
  /** Stands in for the engine: a process that can be made to stand still. */
  let engine: ChildProcess;

  const backup = (...args: string[]) => node.bash(scriptText("backup/backup"), args);
  const managers = (...rows: string[]) => node.write("engine/managers", rows.join("\n"));
  const settings = (keep: number) =>
    node.write("etc/docker/backup", `${[...STORAGE, keep, keys.public].join("\n")}\n`);

  beforeEach(async () => {
    engine = spawn("sleep", ["60"]);
    await once(engine, "spawn");
    node.write("run/docker.pid", engine.pid!);
    node.write("var/lib/docker/swarm/raft/wal", "what Raft has");
    settings(3);
    // The real one where it is told a date.
    node.command(
      "date",
      `[[ $* == *--date* ]] && exec ${which("date")} "$@"
       [[ $* == "+%s" ]] && echo ${Date.UTC(2026, 0, 2, 3, 4, 5) / 1000} && exit
       echo ${TODAY.replace("-node1", "")}`,
    );
    managers("Leader m2", "Reachable m1", "Reachable m3");
  });
  afterEach(() => {
    engine.kill("SIGKILL");
  });

  const state = () => readFileSync(`/proc/${engine.pid}/stat`, "utf8").split(" ")[2];

  /** Runs a command here, and returns what it prints, or what it fails with. */
  function here(command: string): string {
    try {
      return execFileSync("bash", ["-c", command], { encoding: "utf8", stdio: "pipe" });
    } catch (error) {
      return (error as { stderr: string }).stderr;
    }
  }

  test("writes the swarm's state to the storage, for root alone, and prints its name", async () => {
    expect(await backup()).toEqual({ code: 0, stdout: `${TODAY}\n`, stderr: "" });
    expect(fileNames()).toEqual([".lock", `${TODAY}.tar.gz.age`]);
    const file = join(node.folder, FOLDER, `${TODAY}.tar.gz.age`);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const key = join(node.folder, "key");
    writeFileSync(key, `${keys.private}\n`, { mode: 0o600 });
    const open = `age --decrypt --identity ${key} ${file}`;
    expect(here(`${open} | tar -xzO swarm/raft/wal`)).toBe("what Raft has");
  });

  test("is worth nothing without the key, and the node has only its public half", async () => {
    node.write(
      "var/lib/docker/swarm/certificates/swarm-root-ca.crt",
      "-----BEGIN CERTIFICATE-----",
    );
    await backup();
    const file = join(node.folder, FOLDER, `${TODAY}.tar.gz.age`);
    expect(readFileSync(file, "latin1")).not.toContain("BEGIN");
    expect(here(`tar -tzf ${file}`)).toContain("not in gzip format");
    const settings = join(node.folder, "etc/docker/backup");
    expect(here(`age --decrypt --identity ${settings} ${file}`)).toContain("unknown identity type");
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
    expect(fileNames()).toEqual([".lock"]);
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
  });

  test.each([
    ["it is the only manager", ["Leader m1"]],
    ["no follower is well", ["Leader m1", "Unreachable m2", "Unreachable m3"]],
  ])("is the leader's work when %s", async (_, rows) => {
    managers(...rows);
    expect((await backup()).stdout).toBe(`${TODAY}\n`);
  });

  test("keeps as many as it is told, and removes the oldest, those of earlier versions too", async () => {
    for (const day of ["0101", "0201", "0301"]) {
      node.write(`${FOLDER}/2025${day}T000000Z-m2.tar.gz`, "old");
    }
    node.write(`${FOLDER}/20250401T000000Z-m2.tar.gz.age`, "old");
    node.write(`${FOLDER}/notes`, "somebody's");
    expect(await backup()).toEqual({ code: 0, stdout: `${TODAY}\n`, stderr: "" });
    expect(fileNames()).toEqual([
      ".lock",
      "20250301T000000Z-m2.tar.gz",
      "20250401T000000Z-m2.tar.gz.age",
      `${TODAY}.tar.gz.age`,
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
      `node1: could not write 192.168.42.19:/srv/swarm/backups/dev/${TODAY}.tar.gz.age`,
    );
    expect(fileNames()).toEqual([".lock"]);
  });

  describe("on a storage that is full", () => {
    const GOOD = ["20250201T000000Z-m2.tar.gz.age", "20250301T000000Z-m2.tar.gz.age"];

    beforeEach(() => {
      for (const name of GOOD) node.write(`${FOLDER}/${name}`, "good");
      node.command("age", "cat >/dev/null; exit 1");
    });

    test("makes room first, of old ones and of what ended runs have left, and leaves the good ones", async () => {
      node.write(`${FOLDER}/20250101T000000Z-m2.tar.gz`, "old");
      node.write(`${FOLDER}/.20250115T000000Z-m2`, "half");
      expect((await backup()).code).toBe(1);
      expect(fileNames()).toEqual([".lock", ...GOOD]);
      // However often it fails.
      expect((await backup()).code).toBe(1);
      expect(fileNames()).toEqual([".lock", ...GOOD]);
    });

    test("leaves the last good one when one is kept", async () => {
      settings(1);
      expect((await backup()).code).toBe(1);
      expect(fileNames()).toEqual([".lock", GOOD[1]]);
    });
  });

  describe("while another one is running", () => {
    /** As another manager does it. */
    async function lock(): Promise<ChildProcess> {
      node.write(`${FOLDER}/.lock`, "");
      const file = join(node.folder, FOLDER, ".lock");
      const held = spawn("flock", ["--no-fork", file, "bash", "-c", "echo held; exec sleep 60"], {
        stdio: ["ignore", "pipe", "ignore"],
      });
      await once(held.stdout!, "data");
      return held;
    }

    test("says so, writes nothing, and is no failure of the timer's", async () => {
      const other = await lock();
      node.write(`${FOLDER}/.${TODAY.replace("node1", "m2")}`, "half: the other's");
      const { code, stdout, stderr } = await backup();
      other.kill("SIGKILL");
      expect({ code, stdout }).toEqual({ code: 75, stdout: "" });
      expect(onlyMessage(stderr)).toBe("node1: no backup: another one is running");
      expect(fileNames()).toEqual([`.${TODAY.replace("node1", "m2")}`, ".lock"]);
    });

    test("waits for nobody who has ended", async () => {
      const other = await lock();
      other.kill("SIGKILL");
      await once(other, "exit");
      expect((await backup()).stdout).toBe(`${TODAY}\n`);
    });

    test("gives the lock back at once", async () => {
      expect((await backup()).code).toBe(0);
      expect((await backup()).code).toBe(0);
    });
  });

  describe("tells Prometheus when the newest was made", () => {
    const newest = () =>
      /^swarm_backup_last_success_timestamp_seconds (\d+)$/m.exec(
        node.read(`${METRICS}/backup.prom`) ?? "",
      )?.[1];

    test("after a good one, readable by all", async () => {
      await backup();
      expect(newest()).toBe(`${Date.UTC(2026, 0, 2, 3, 4, 5) / 1000}`);
      expect(statSync(join(node.folder, METRICS, "backup.prom")).mode & 0o777).toBe(0o644);
      expect(statSync(join(node.folder, METRICS)).mode & 0o777).toBe(0o755);
    });

    test("as another manager has made it, where it is left to that", async () => {
      node.write(`${FOLDER}/20250401T000000Z-m2.tar.gz.age`, "old");
      managers("Leader m2", "Reachable m0", "Reachable m1");
      await backup();
      expect(newest()).toBe(`${Date.UTC(2025, 3, 1) / 1000}`);
    });

    test("and makes one when that cannot be written", async () => {
      node.write("var/lib/prometheus", "no folder");
      node.write(`${FOLDER}/20250401T000000Z-m2.tar.gz.age`, "old");
      expect((await backup()).stdout).toBe(`${TODAY}\n`);
    });

    test("and not when one has failed", async () => {
      node.write(`${FOLDER}/20250401T000000Z-m2.tar.gz.age`, "old");
      node.command("tar", "exit 2");
      await backup();
      expect(newest()).toBe(`${Date.UTC(2025, 3, 1) / 1000}`);
    });
  });

  describe("says how old the newest is, and may be", () => {
    const since = (seconds: number) =>
      node.write(
        `${METRICS}/backup-schedule.prom`,
        "swarm_backup_max_age_seconds 172800\n" +
          `swarm_backup_installed_timestamp_seconds ${Date.UTC(2026, 0, 2, 3, 4, 5) / 1000 - seconds}\n`,
      );
    const status = async () => (await backup("status")).stdout;

    test("when there is one", async () => {
      since(1000);
      node.write(`${FOLDER}/20260102T030000Z-m2.tar.gz`, "old");
      expect(await status()).toBe("20260102T030000Z-m2 245 172800\n");
    });

    test("when there is none yet", async () => {
      since(1000);
      expect(await status()).toBe("none 1000 172800\n");
    });

    test("when they are made by hand", async () => {
      expect(await status()).toBe("none 0 0\n");
    });
  });
});

describe("restore", () => {
  const NAME = "20260102T030405Z-m1";
  const KEPT = "swarm-before-20260203T040506Z";
  const STATE = "var/lib/docker/swarm";
  const restore = (name = NAME, address = "192.168.42.10", BACKUP_KEY = keys.private) =>
    node.run("backup/restore", [0, address, ...STORAGE, name], { BACKUP_KEY });
  const keyFile = `${STATE}/certificates/swarm-node.key`;
  const file = () => join(node.folder, FOLDER, `${NAME}.tar.gz.age`);

  async function backUp(key: string): Promise<void> {
    node.write("swarm/raft/wal", "what Raft had");
    node.write("swarm/docker-state.json", '{"AdvertiseAddr":"192.168.42.10:2377"}');
    node.write("swarm/certificates/swarm-node.key", key);
    node.write(`${FOLDER}/20250101T000000Z-m1.tar.gz`, "old");
    const pack = `tar -C ${node.folder} -cz swarm | age --recipient '${keys.public}' --output ${file()}`;
    await once(spawn("bash", ["-c", pack]), "close");
  }

  /** What the engine does once it is told to start the swarm from its state. */
  const starts = (body = "") =>
    node.command(
      "curl",
      `cat >request
       ls var/lib/docker/swarm >found
       echo active >engine/state; echo cluster1 >engine/cluster
       ${body}`,
    );

  /** A backup of a swarm of three managers, and a machine that is in none. */
  beforeEach(async () => {
    await backUp("-----BEGIN PRIVATE KEY-----\n");
    node.write("etc/docker/ready", "");
    node.write(`${STATE}/raft/wal`, "something else");
    node.engine("inactive");
    node.write("run/docker.pid", ""); // so that there is the folder
    node.command("date", "echo 20260203T040506Z");
    node.command("ip", "");
    starts();
    node.write("nodes/m1/leader", "true");
  });

  test("gives the engine the backup's state, and makes it the only manager", async () => {
    const { code, stdout } = await restore();
    expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
    expect(node.read(`${STATE}/raft/wal`)).toBe("what Raft had");
    expect(readdirSync(join(node.folder, "var/lib/docker"))).toEqual(["swarm", KEPT]);
    expect(node.calls(/^systemctl|^curl|node rm/)).toEqual([
      "systemctl stop docker.socket docker",
      "systemctl start docker",
      expect.stringMatching(/^curl .* http:\/\/engine\/swarm\/init$/),
      "docker node rm --force m2",
      "docker node rm --force m3",
    ]);
    expect(readdirSync(join(node.folder, "nodes"))).toEqual(["m1", "w1"]);
    expect(node.read("etc/docker/restored")).toBe(NAME);
  });

  test("starts the engine in no swarm: it runs as no manager before it is told to be the only one", async () => {
    node.command("systemctl", `[[ $* != 'start docker' ]] || ls ${STATE} >started`);
    await restore();
    expect(node.read("started")!.split("\n").sort()).toEqual(["certificates", "raft"]);
  });

  test("asks for nothing but the addresses: the swarm keeps its address pools", async () => {
    await restore();
    expect(JSON.parse(node.read("request")!)).toEqual({
      ForceNewCluster: true,
      ListenAddr: "192.168.42.10:2377",
      AdvertiseAddr: "192.168.42.10",
      DataPathAddr: "192.168.42.10",
      Spec: {},
    });
  });

  test("takes away the network devices that the engine left behind", async () => {
    node.command(
      "ip",
      `[[ $* != *show* ]] || printf '%s\\n' '3: docker0: <UP>' '106: vx-001000-iiqaa: <BROADCAST> mtu 1450'`,
    );
    expect((await restore()).code).toBe(0);
    expect(node.calls(/^ip link delete/)).toEqual(["ip link delete vx-001000-iiqaa"]);
    expect(node.calls(/^systemctl|^ip link/)[0]).toBe("systemctl stop docker.socket docker");
  });

  test("restores what an earlier version has made", async () => {
    rmSync(file());
    const plain = join(node.folder, FOLDER, `${NAME}.tar.gz`);
    await once(spawn("tar", ["-C", node.folder, "-czf", plain, "swarm"]), "close");
    expect((await restore(NAME, "192.168.42.10", "")).code).toBe(0);
    expect(node.read(`${STATE}/raft/wal`)).toBe("what Raft had");
  });

  test("does it once for each backup", async () => {
    await restore();
    const before = node.calls(/^systemctl/);
    expect((await restore()).code).toBe(0);
    expect(node.calls(/^systemctl/)).toEqual(before);
  });

  describe("keeps the state that was here", () => {
    test("and says where", async () => {
      const { stderr } = await restore();
      expect(node.read(`var/lib/docker/${KEPT}/raft/wal`)).toBe("something else");
      expect(stderr).toMatch(
        new RegExp(`^node1: the state that was here is kept in \\S+/${KEPT}$`, "m"),
      );
    });

    test("but not that of a new machine, on which there is none", async () => {
      node.erase(`${STATE}/raft`);
      await restore();
      expect(readdirSync(join(node.folder, "var/lib/docker"))).toEqual(["swarm"]);
    });

    test("twice; then it removes the oldest", async () => {
      for (const time of ["20250101T000000Z", "20250201T000000Z"]) {
        node.write(`${STATE}-before-${time}/raft/wal`, time);
      }
      await restore();
      expect(readdirSync(join(node.folder, "var/lib/docker"))).toEqual([
        "swarm",
        "swarm-before-20250201T000000Z",
        KEPT,
      ]);
    });
  });

  // Each ends the script with that command; the next run goes on.
  test.each([
    ["systemctl", "stop", "the engine does not stop"],
    ["systemctl", "start", "the engine does not start with the restored state"],
    ["curl", "swarm/init", "could not start the swarm from the backup: Swarm is encrypted"],
  ])("is repeated from the start when it broke off at %s %s", async (command, words, message) => {
    const work =
      command === "curl" ? "echo active >engine/state; echo cluster1 >engine/cluster" : "";
    node.command(command, `[[ $* != *${words}* ]] || { echo 'Swarm is encrypted'; exit 1; }`);
    const broken = await restore();
    expect(broken.code).toBe(1);
    expect(broken.stderr).toContain(message);
    expect(node.read("etc/docker/restored")).toMatch(new RegExp(`^begun ${NAME} \\S+/${KEPT}$`));
    // Whatever the engine has made of it meanwhile is no loss; what was there before is.
    node.write(`${STATE}/docker-state.json`, "half");
    node.command(command, work);
    node.command("date", "echo 20260203T050000Z");
    node.write("var/lib/docker/swarm-unpacked/swarm/raft/wal", "of a run that was killed");
    expect((await restore()).code).toBe(0);
    expect(node.read("etc/docker/restored")).toBe(NAME);
    expect(existsSync(join(node.folder, `${STATE}/docker-state.json`))).toBe(false);
    expect(readdirSync(join(node.folder, "var/lib/docker"))).toHaveLength(2);
  });

  test("is repeated when no leader came", async () => {
    node.write("nodes/m1/leader", "false");
    node.fastForward = true;
    expect((await restore()).code).toBe(1);
    node.write("nodes/m1/leader", "true");
    node.engine("inactive", { cluster: "" });
    expect((await restore()).code).toBe(0);
    expect(node.read(`var/lib/docker/${KEPT}/raft/wal`)).toBe("something else");
    expect(node.read(`${STATE}/raft/wal`)).toBe("what Raft had");
  });

  test("waits for one that is running already, and then finds it done", async () => {
    node.command(
      "systemctl",
      `[[ $* != 'start docker' ]] || { touch started; exec ${which("sleep")} 1; }`,
    );
    const first = restore();
    await node.called(/^systemctl stop/);
    const second = await node.run("backup/restore", [30, "192.168.42.10", ...STORAGE, NAME], {
      BACKUP_KEY: keys.private,
    });
    expect([(await first).code, second.code]).toEqual([0, 0]);
    expect(node.calls(/^systemctl start/)).toHaveLength(1);
  });

  test("does not wait for ever", async () => {
    node.command(
      "systemctl",
      `[[ $* != 'stop docker.socket docker' ]] || exec ${which("sleep")} 2`,
    );
    const first = restore();
    await node.called(/^systemctl stop/);
    const { code, stderr } = await restore();
    expect(code).toBe(1);
    expect(onlyMessage(stderr)).toBe("node1: another restore is running here, and does not end");
    expect((await first).code).toBe(0);
  });

  test("changes nothing when the backup is of a manager with another address", async () => {
    const { code, stderr } = await restore(NAME, "192.168.42.11");
    expect(code).toBe(1);
    expect(onlyMessage(stderr)).toBe(
      "node1: the backup is of a manager with another address than 192.168.42.11",
    );
    expect(node.calls(/^systemctl/)).toEqual([]);
    expect(node.read(`${STATE}/raft/wal`)).toBe("something else");
    expect(readdirSync(join(node.folder, "var/lib/docker"))).toEqual(["swarm"]);
  });

  test("changes nothing when the key is another stack's, and says where that comes from", async () => {
    const other = join(node.folder, "other");
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", other]);
    const { code, stderr } = await restore(NAME, "192.168.42.10", readFileSync(other, "utf8"));
    expect(code).toBe(1);
    expect(stderr).toMatch(/^node1: could not read \S+\.age; .*restoreKeyFile is the file with/m);
    expect(stderr).not.toContain("PRIVATE KEY");
    expect(node.calls(/^systemctl/)).toEqual([]);
    expect(node.read(`${STATE}/raft/wal`)).toBe("something else");
    expect(node.read("etc/docker/restored")).toBeUndefined();
  });

  test("takes no backup that is cut off", async () => {
    const whole = readFileSync(file());
    writeFileSync(file(), whole.subarray(0, whole.length - 20));
    expect((await restore()).code).toBe(1);
    expect(node.calls(/^systemctl/)).toEqual([]);
  });

  test("names the backups that there are when there is none of that name", async () => {
    const { code, stderr } = await restore("20260102T030405Z-m9");
    expect(code).toBe(1);
    expect(onlyMessage(stderr)).toBe(
      "node1: there is no backup 20260102T030405Z-m9 on the storage; there are: " +
        `${NAME} 20250101T000000Z-m1`,
    );
    expect(node.calls(/^systemctl/)).toEqual([]);
  });

  describe("of a swarm with autolock", () => {
    const LOCKED = "-----BEGIN ENCRYPTED PRIVATE KEY-----";
    const OPEN = "-----BEGIN PRIVATE KEY-----";
    const key = (words: (string | number)[], variables = {}) =>
      node.run("backup/key", words, variables);
    const opened = "run/swarm-restore.key";

    beforeEach(() => backUp(`${LOCKED}\n`));

    test("shows its locked key", async () => {
      const { stdout } = await key(["read", 0, ...STORAGE, NAME], { BACKUP_KEY: keys.private });
      expect(stdout).toBe(`${LOCKED}\n`);
    });

    test("takes the opened one, for root alone, and leaves no copy", async () => {
      await key(["write", NAME], { KEY: OPEN });
      expect(statSync(join(node.folder, opened)).mode & 0o777).toBe(0o600);
      expect((await restore()).code).toBe(0);
      expect(node.read(keyFile)).toBe(OPEN);
      expect(node.read(opened)).toBeUndefined();
    });

    test("leaves no copy when it fails, or has nothing to do", async () => {
      await key(["write", NAME], { KEY: OPEN });
      expect((await restore("20260102T030405Z-m9")).code).toBe(1);
      expect(node.read(opened)).toBeUndefined();
      node.write("etc/docker/restored", NAME);
      await key(["write", NAME], { KEY: OPEN });
      expect(node.read(opened)).toBeUndefined();
    });

    test("asks for the key, and changes nothing", async () => {
      const { code, stderr } = await restore();
      expect(code).toBe(1);
      expect(onlyMessage(stderr)).toContain("set restoreUnlockKey (its output unlockKey)");
      expect(node.calls(/^systemctl/)).toEqual([]);
    });
  });
});

describe("look", () => {
  const look = async () => (await node.run("backup/look", [])).stdout;

  test("tells of a manager with a leader", async () => {
    expect(await look()).toBe("active yes \n");
  });

  test("tells of one that is locked, and of what was restored on it", async () => {
    node.engine("locked", { cluster: "" });
    node.write("etc/docker/restored", "begun 20260102T030405Z-mg1 /kept");
    expect(await look()).toBe("locked no begun 20260102T030405Z-mg1 /kept\n");
  });

  test("tells of an engine that does not answer", async () => {
    node.engine("");
    expect(await look()).toBe("none no \n");
    node.command("docker", "[[ $1 == info ]] && echo");
    expect(await look()).toBe("none no \n");
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

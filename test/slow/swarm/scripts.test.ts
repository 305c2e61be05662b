import { execFileSync, spawnSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DOCKER, FakeNode, onlyMessage, scriptText } from "../../unit/fakeNode";

jest.setTimeout(30_000); // enough for a machine that does other things too

let node: FakeNode;
beforeEach(() => {
  node = new FakeNode();
});
afterEach(() => node.remove());

const SCRIPTS = join(__dirname, "../../../components/swarm/scripts");
const TOKEN = "SWMTKN-1-secret";

describe("ready", () => {
  const ENGINE_CONFIG = '{\n  "log-driver": "json-file"\n}\n';
  const FIREWALL = "table inet swarm { }\n";
  const UNIT = "etc/systemd/system/docker.service.d/node.conf";
  const GWBRIDGE = ["--subnet=172.18.0.0/16", "--opt=com.docker.network.driver.mtu=1500"];

  const UPDATES_PROGRAM = "echo which packages have a newer version\n";
  const variables = { ENGINE_CONFIG, FIREWALL, UPDATES_PROGRAM };
  const ready = (seconds = 0) => node.run("swarm/ready", [seconds], variables);

  // A node that is as it should be, but for its state in the swarm.
  beforeEach(async () => {
    node.engine("inactive", { version: "26.1.5" });
    for (const tool of ["dockerd", "curl", "nft", "systemctl", "apt-get", "chronyd"]) {
      node.command(tool, "");
    }
    node.write("etc/docker/daemon.json", ENGINE_CONFIG);
    node.write("etc/docker/gwbridge", `${GWBRIDGE.join("\n")}\n`);
    node.write("etc/nftables.conf", FIREWALL);
    node.write(UNIT, `[Service]\nExecStart=\nExecStart=${node.folder}/bin/dockerd -D\n`);
    node.write("networks/docker_gwbridge", "");
    await ready(); // what ready.sh alone makes: the check for updates
    node.write("etc/systemd/system/timers.target.wants/swarm-updates.timer", "");
    for (const left of ["calls", "etc/docker/ready"]) node.erase(left);
  });

  test("changes nothing on a node that is as it should be, and leaves word that it is", async () => {
    expect(node.read("etc/docker/ready")).toBeUndefined();
    const { code, stdout } = await ready();
    expect(node.read("etc/docker/ready")).toBe("");
    expect(code).toBe(0);
    expect(stdout).toBe("26.1.5\n");
    expect(node.calls(/^(systemctl|apt-get|nft --file|docker network create)/)).toEqual([]);
    expect(node.read(UNIT)).toContain("dockerd -D");
  });

  describe("the engine's configuration", () => {
    test.each([
      ["is missing", undefined],
      ["is another one", "{}\n"],
    ])("is written, and the engine restarted, where it %s", async (_, before) => {
      node.erase("etc/docker/daemon.json");
      if (before) node.write("etc/docker/daemon.json", before);
      expect((await ready()).code).toBe(0);
      expect(readFileSync(join(node.folder, "etc/docker/daemon.json"), "utf8")).toBe(ENGINE_CONFIG);
      expect(node.calls(/^systemctl/)).toEqual(["systemctl restart docker"]);
    });

    test("is alone in saying what the engine listens on", async () => {
      node.erase(UNIT);
      expect((await ready()).code).toBe(0);
      const commands = node
        .read(UNIT)!
        .split("\n")
        .filter((line) => line.startsWith("ExecStart"));
      // The first line takes back what Debian's own unit says.
      expect(commands).toEqual(["ExecStart=", expect.stringMatching(/^ExecStart=\S+dockerd /)]);
      expect(commands.join()).not.toMatch(/-H|--host/);
      expect(node.calls(/^systemctl/)).toEqual([
        "systemctl daemon-reload",
        "systemctl restart docker",
      ]);
    });

    test.each([
      ["is Docker's own", "usr/bin/dockerd", true],
      ["was named wrongly by an earlier version", "nowhere/dockerd", false],
    ])("names the engine that the image has, where that %s", async (_, path, none) => {
      if (none) node.erase(UNIT);
      else node.write(UNIT, `[Service]\nExecStart=\nExecStart=${node.folder}/${path} -D\n`);
      expect((await ready()).code).toBe(0);
      expect(node.read(UNIT)).toContain(`\nExecStart=${node.folder}/bin/dockerd --containerd=`);
      expect(node.calls(/^systemctl/)).toEqual([
        "systemctl daemon-reload",
        "systemctl restart docker",
      ]);
    });

    test("does not restart the engine again on a second run", async () => {
      node.erase(UNIT);
      node.erase("etc/docker/daemon.json");
      await ready();
      await ready();
      expect(node.calls(/^systemctl restart/)).toHaveLength(1);
    });

    test("waits for its turn where the engine is in a swarm, and the node says so", async () => {
      node.write("var/lib/docker/swarm/docker-state.json", "{}");
      node.write("etc/docker/daemon.json", "{}\n");
      expect(await ready()).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/^26\.1\.5\nstaged \d+\n$/),
      });
      expect(node.calls(/^systemctl/)).toEqual([]);
      expect(node.read("etc/docker/daemon.json")).toBe("{}");
      const staged = `etc/docker/staged/files${node.folder}/etc/docker/daemon.json`;
      expect(node.read(staged)).toBe(ENGINE_CONFIG.trim());

      // And no more when the one that it has is wanted again.
      node.write("etc/docker/daemon.json", ENGINE_CONFIG);
      expect((await ready()).stdout).toBe("26.1.5\n");
      expect(node.read(staged)).toBeUndefined();
    });

    test("does not wait where an engine in a swarm does not answer: it has nothing to lose", async () => {
      node.fastForward = true;
      node.write("var/lib/docker/swarm/docker-state.json", "{}");
      node.write("etc/docker/daemon.json", "{}\n");
      node.failing("info");
      await ready();
      expect(node.calls(/^systemctl/)).toEqual(["systemctl restart docker"]);
    });

    test("changes nothing when the engine refuses it", async () => {
      node.write("etc/docker/daemon.json", "{}\n");
      node.command("dockerd", "echo unable to configure the Docker daemon >&2; exit 1");
      const { code, stderr } = await ready();
      expect(code).toBe(1);
      expect(onlyMessage(stderr)).toBe(
        "node1: the engine refuses its new configuration, and nothing was changed: " +
          "unable to configure the Docker daemon",
      );
      expect(node.read("etc/docker/daemon.json")).toBe("{}");
      expect(
        node.read(`etc/docker/staged/files${node.folder}/etc/docker/daemon.json`),
      ).toBeUndefined();
      expect(node.calls(/^systemctl/)).toEqual([]);
    });

    test("has its mirrors looked at by themselves: in a file, the engine takes any", async () => {
      node.write("etc/docker/daemon.json", "{}\n");
      node.command("dockerd", "[[ $* != *mirror=* ]] || { echo invalid mirror >&2; exit 1; }");
      const ENGINE_CONFIG = JSON.stringify(
        { debug: true, "registry-mirrors": ["ftp://a b"] },
        null,
        2,
      );
      const { code, stderr } = await node.run("swarm/ready", [0], { ENGINE_CONFIG, FIREWALL });
      expect(code).toBe(1);
      expect(onlyMessage(stderr)).toContain("nothing was changed: invalid mirror");
      expect(node.calls(/^dockerd/).at(-1)).toContain("--registry-mirror=ftp://a b");
    });

    test("is taken unseen by an engine that cannot look at it beforehand", async () => {
      node.write("etc/docker/daemon.json", "{}\n");
      node.command("dockerd", "echo unknown flag: --validate >&2; exit 125");
      expect((await ready()).code).toBe(0);
      expect(node.read("etc/docker/daemon.json")).toBe(ENGINE_CONFIG.trim());
    });

    test("restarts the engine still when a run was killed before that", async () => {
      node.write("etc/docker/daemon.json", "{}\n");
      node.command("systemctl", 'kill -9 "$(<script)"');
      const text = ["remote/common", "swarm/ready"].map(scriptText).join("\n");
      expect(
        (await node.bash(`echo $$ >script\n${text}`, [0], { ENGINE_CONFIG, FIREWALL })).code,
      ).not.toBe(0);
      expect(node.read("etc/docker/daemon.json")).toBe(ENGINE_CONFIG.trim());
      node.command("systemctl", "");
      const before = node.calls(/^systemctl restart/).length;
      expect((await ready()).code).toBe(0);
      expect((await ready()).code).toBe(0);
      expect(node.calls(/^systemctl restart/)).toHaveLength(before + 1);
    });

    test("is blamed when the engine does not start with it", async () => {
      node.write("etc/docker/daemon.json", "{}\n");
      node.command("systemctl", "exit 1");
      const { code, stderr } = await ready();
      expect(code).toBe(1);
      expect(onlyMessage(stderr)).toBe(
        "node1: the engine does not start with its new configuration, and not with what it had before either",
      );
    });
  });

  test("switches off what would restart engines by a clock of its own, and only where it is on", async () => {
    node.write("etc/systemd/system/timers.target.wants/apt-daily-upgrade.timer", "");
    node.write("etc/systemd/system/multi-user.target.wants/unattended-upgrades.service", "");
    node.write("etc/needrestart/needrestart.conf", "");
    expect((await ready()).code).toBe(0);
    expect(node.calls(/^systemctl/)).toEqual([
      "systemctl --quiet mask --now apt-daily-upgrade.timer unattended-upgrades.service",
    ]);
    expect(node.read("etc/needrestart/conf.d/swarm.conf")).toBe("$nrconf{restart} = 'l';");
  });

  test("has the firewall loaded before the engine starts with what it listens on", async () => {
    node.write("etc/nftables.conf", "");
    node.write("etc/docker/daemon.json", "{}\n");
    expect((await ready()).code).toBe(0);
    expect(node.calls(/^(nft --file|systemctl)/)).toEqual([
      "nft --file -",
      "systemctl enable --quiet nftables",
      "systemctl restart docker",
    ]);
  });

  describe("docker_gwbridge", () => {
    beforeEach(() => node.erase("networks/docker_gwbridge"));

    test("is made with the settings that the node's seed brought, once", async () => {
      expect((await ready()).code).toBe(0);
      expect((await ready()).code).toBe(0);
      expect(node.calls(/network create/)).toEqual([
        `docker network create ${GWBRIDGE.join(" ")} docker_gwbridge`,
      ]);
      expect(node.read("networks/docker_gwbridge")?.split("\n")).toEqual(GWBRIDGE);
    });

    test("is named, with its settings, when it cannot be made", async () => {
      node.failing("network create");
      const { code, stdout, stderr } = await ready();
      expect([code, stdout]).toEqual([1, ""]);
      expect(stderr).toContain(`node1: could not make docker_gwbridge (${GWBRIDGE.join(" ")})`);
    });
  });

  describe("on an image without Docker", () => {
    // The option makes it wait for another apt-get, such as that of the image's own timers.
    const APT = "apt-get -q -o DPkg::Lock::Timeout=300";
    const PACKAGES = "docker.io apparmor curl nftables nfs-common";

    test.each(["dockerd", "curl", "nft"])("installs it where %s is missing", async (tool) => {
      node.erase(`bin/${tool}`);
      node.command("apt-get", `[[ $* == *update* ]] || install bin/systemctl bin/${tool}`);
      const { code, stderr } = await ready();
      expect(code).toBe(0);
      expect(node.calls(/^apt-get/)).toEqual([
        `${APT} update`,
        `${APT} install -y --no-install-recommends ${PACKAGES}`,
      ]);
      expect(onlyMessage(stderr)).toBe(
        `node1: the image lacks some of these, installing: ${PACKAGES}`,
      );
    });

    test("installs the client too where it is a package of its own", async () => {
      node.erase("bin/docker");
      await ready();
      expect(node.calls(/^apt-get .*install/)).toEqual([
        `${APT} install -y --no-install-recommends docker-cli`,
      ]);
    });

    test("says so when it cannot be installed", async () => {
      node.erase("bin/dockerd");
      node.command("apt-get", "exit 100");
      const { code, stderr } = await ready();
      expect(code).toBe(1);
      expect(stderr).toMatch(/^node1: could not install docker\.io .*; has this machine a way to/m);
    });
  });

  describe("the time service", () => {
    const INSTALL = /^apt-get .*install .*chrony/;
    beforeEach(() => {
      node.erase("bin/chronyd");
      // No other one runs.
      node.command("systemctl", "[[ $1 != is-active ]]");
    });

    test("is installed where there is none", async () => {
      expect((await ready()).code).toBe(0);
      expect(node.calls(INSTALL)).toHaveLength(1);
      expect(node.read("etc/chrony/sources.d/amazon.sources")).toBeUndefined();
    });

    test("is the one that runs already, whatever it is", async () => {
      node.command("systemctl", "");
      expect((await ready()).code).toBe(0);
      expect(node.calls(/^systemctl/)).toEqual([
        "systemctl is-active --quiet systemd-timesyncd ntp ntpsec openntpd",
      ]);
      expect(node.calls(/^apt-get/)).toEqual([]);
    });

    test("asks Amazon's servers on EC2", async () => {
      node.write("sys/class/dmi/id/sys_vendor", "Amazon EC2\n");
      expect((await ready()).code).toBe(0);
      expect(node.read("etc/chrony/sources.d/amazon.sources")).toMatch(
        /^server 169\.254\.169\.123 /,
      );
      expect(node.calls(/^systemctl restart/)).toEqual(["systemctl restart chrony"]);
    });

    test("is missing without harm where no package mirror answers", async () => {
      node.command("apt-get", "exit 100");
      const { code, stderr } = await ready();
      expect(code).toBe(0);
      expect(stderr).toContain("node1: goes on without a time service\n");
    });
  });

  describe("the daily check for updates", () => {
    const TIMER = "etc/systemd/system/swarm-updates.timer";
    const ENABLE = "systemctl enable --now --no-reload --quiet swarm-updates.timer";

    test("is installed, and installs nothing itself", async () => {
      for (const file of [TIMER, "usr/local/sbin/swarm-updates"]) node.erase(file);
      node.erase("etc/systemd/system/timers.target.wants");
      expect((await ready()).code).toBe(0);
      expect(node.calls(/^(systemctl|apt-get)/)).toEqual([ENABLE]);
      expect(node.read("usr/local/sbin/swarm-updates")).toBe(UPDATES_PROGRAM.trim());
      expect(node.read("etc/systemd/system/swarm-updates.service")).toContain(
        "ExecStart=/usr/local/sbin/swarm-updates".replace("/usr", `${node.folder}/usr`),
      );
      expect(node.read(TIMER)).toContain("RandomizedDelaySec=");
    });

    test("is read anew where it was another one", async () => {
      node.write(TIMER, "[Timer]\nOnCalendar=hourly\n");
      expect((await ready()).code).toBe(0);
      expect(node.calls(/^systemctl/)).toEqual(["systemctl daemon-reload", ENABLE]);
    });

    test("is tried again where it was not switched on", async () => {
      node.erase("etc/systemd/system/timers.target.wants");
      node.command("systemctl", "[[ $1 != enable ]]");
      const { code, stderr } = await ready();
      expect(code).toBe(1);
      expect(onlyMessage(stderr)).toContain("(swarm-updates.timer) does not start");
    });
  });

  test.each([
    ["done", 0],
    ["done with recoverable errors", 2],
  ])("goes on when cloud-init is %s", async (_, status) => {
    node.command("cloud-init", `exit ${status}`);
    expect((await ready()).code).toBe(0);
    expect(node.calls(/^cloud-init/)).toEqual(["cloud-init status --wait"]);
  });

  test("gives up when the first boot does not finish", async () => {
    node.erase(UNIT);
    node.command("cloud-init", "exit 1");
    const { code, stderr } = await ready();
    expect(code).toBe(1);
    expect(onlyMessage(stderr)).toContain("after 0 s waiting for the first boot to finish");
    expect(node.calls(/^(systemctl|apt-get|nft)/)).toEqual([]);
  });

  test("waits for the engine, and gives up after its bound", async () => {
    node.failing("info", 2);
    expect((await ready(20)).code).toBe(0);

    node.failing("info");
    const { code, stderr } = await ready();
    expect(code).toBe(1);
    expect(onlyMessage(stderr)).toContain("waiting for the Docker engine to answer");
  });
});

describe("init", () => {
  const init = () => node.run("swarm/init", [0, "192.168.42.10", "10.0.0.0/8"]);

  /** The engine's API answers with these status codes, the last one for ever. */
  function answers(...codes: number[]): void {
    node.command(
      "curl",
      `codes=(${codes.join(" ")}); tries=$(grep -c ^curl calls)
printf %s "\${codes[tries - 1]-${codes.at(-1)}}"`,
    );
  }

  beforeEach(() => {
    node.write("etc/docker/ready", "");
    answers(204);
  });

  test("does nothing before the machine is ready, and says so", async () => {
    node.erase("etc/docker/ready");
    node.engine("inactive");
    const { code, stderr } = await init();
    expect(code).toBe(1);
    expect(onlyMessage(stderr)).toBe(
      "node1: gave up after 0 s waiting for this machine to be ready",
    );
    expect(node.calls(/swarm init/)).toEqual([]);
  });

  test("starts the swarm on the internal address, and prints its ID", async () => {
    node.engine("inactive");
    const { code, stdout } = await init();
    expect(code).toBe(0);
    expect(stdout).toBe("cluster1\n");
    expect(node.calls(/swarm init/)).toEqual([
      "docker swarm init --advertise-addr 192.168.42.10 --listen-addr 192.168.42.10:2377 " +
        "--data-path-addr 192.168.42.10 --default-addr-pool 10.0.0.0/8",
    ]);
  });

  test("takes away the ingress network that Docker made with the swarm", async () => {
    node.engine("inactive");
    expect((await init()).code).toBe(0);
    expect(node.calls(/swarm init|^curl/).map((call) => call.split(" ")[0])).toEqual([
      "docker",
      "curl",
    ]);
    expect(node.calls(/^curl/)[0]).toMatch(
      /--request DELETE .*http:\/\/engine\/networks\/ingress$/,
    );
  });

  test("is content where that network is gone already", async () => {
    answers(404);
    node.engine("inactive");
    expect(await init()).toEqual({ code: 0, stdout: "cluster1\n", stderr: "" });
    expect(node.calls(/^curl/)).toHaveLength(1);
  });

  test("tries again while that network cannot go yet", async () => {
    answers(500, 403, 204);
    node.engine("inactive");
    expect((await init()).code).toBe(0);
    expect(node.calls(/^curl/)).toHaveLength(3);
  });

  test.each([
    ["the engine refuses", "printf 403"],
    ["nothing answers", "printf 000; exit 7"],
  ])("gives up, with no ID printed, when %s for a minute", async (_, curl) => {
    node.fastForward = true;
    node.command("curl", curl);
    node.engine("inactive");
    const { code, stdout, stderr } = await init();
    expect([code, stdout]).toEqual([1, ""]);
    expect(onlyMessage(stderr)).toBe(
      "node1: gave up after 60 s waiting for Docker's own ingress network to go",
    );
    expect(node.calls(/^curl/).length).toBeGreaterThan(2);
  });

  test("leaves a swarm alone that is there, and prints its ID", async () => {
    node.swarm(3);
    const { code, stdout } = await init();
    expect(code).toBe(0);
    expect(stdout).toBe("cluster1\n");
    expect(node.calls(/swarm init/)).toEqual([]);
  });

  test("refuses to start one on a worker of another", async () => {
    node.engine("active");
    const { code, stdout, stderr } = await init();
    expect([code, stdout]).toEqual([1, ""]);
    expect(onlyMessage(stderr)).toContain("is a worker of some swarm already");
  });

  test.each(["pending", "error", "locked"])("refuses a swarm that is %s", async (state) => {
    node.fastForward = true;
    node.engine(state);
    const { code, stderr } = await init();
    expect(code).toBe(1);
    expect(onlyMessage(stderr)).toContain("replace this machine");
    expect(node.calls(/swarm init/)).toEqual([]);
  });

  const MADE = "echo cluster1 >engine/cluster; echo active >engine/state";

  test("waits for a run of its own that an up left which was killed", async () => {
    node.engine("pending");
    node.command("sleep", MADE);
    expect(await init()).toEqual({ code: 0, stdout: "cluster1\n", stderr: "" });
    expect(node.calls(/swarm init/)).toEqual([]);
  });

  test("is content when such a run is a moment faster", async () => {
    node.engine("inactive");
    node.failing("swarm init");
    node.command("docker", `[[ $* != "swarm init "* ]] || { ${MADE}; }; exec ${DOCKER} "$@"`);
    expect(await init()).toMatchObject({ code: 0, stdout: "cluster1\n" });
  });

  test("says so when Docker refuses", async () => {
    node.engine("inactive");
    node.failing("swarm init");
    const { code, stdout, stderr } = await init();
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toContain("node1: docker swarm init failed");
  });

  test("says so when the engine does not answer", async () => {
    const { code, stderr } = await init();
    expect(code).toBe(1);
    expect(onlyMessage(stderr)).toContain("the Docker engine does not answer");
  });
});

describe("api", () => {
  const MATERIAL = { CA: "the CA\n", CERT: "the certificate\n", KEY: "the key\n" };
  const FILES = { "ca.pem": "CA", "cert.pem": "CERT", "key.pem": "KEY" } as const;
  const TLS = "etc/docker/tls";
  const api = (changes = {}, seconds = 0) =>
    node.run("swarm/api", [seconds], { ...MATERIAL, ...changes });
  const restarts = () => node.calls(/^systemctl/);
  /** Where a file waits for the restart that puts it in its place. */
  const staged = (file: string) => `etc/docker/staged/files${node.folder}/${file}`;
  const inSwarm = () => node.write("var/lib/docker/swarm/docker-state.json", "{}");

  beforeEach(async () => {
    node.swarm(3);
    node.command("systemctl", "");
    node.command("openssl", "echo notAfter=Jan  2 03:04:05 2030 GMT");
    await node.listen(2376);
  });

  const inPlace = (changes: Partial<typeof MATERIAL> = {}) => {
    for (const [file, name] of Object.entries(FILES)) {
      node.write(`${TLS}/${file}`, { ...MATERIAL, ...changes }[name]);
    }
  };

  test("puts the material in place before there is a swarm, the key for root alone", async () => {
    expect(await api()).toEqual({ code: 0, stdout: "", stderr: "" });
    const folder = join(node.folder, TLS);
    const files = readdirSync(folder).map((name) => [
      name,
      readFileSync(join(folder, name), "utf8"),
      (statSync(join(folder, name)).mode & 0o777).toString(8),
    ]);
    expect(files).toEqual([
      ["ca.pem", MATERIAL.CA, "644"],
      ["cert.pem", MATERIAL.CERT, "644"],
      ["key.pem", MATERIAL.KEY, "600"],
    ]);
    expect(restarts()).toEqual(["systemctl restart docker"]);
    expect(node.read("etc/docker/staged")).toBeUndefined();
  });

  test("restarts no engine in a swarm: new ones wait there, and it says so", async () => {
    inSwarm();
    inPlace({ CERT: "the former certificate\n" });
    expect(await api()).toMatchObject({ code: 0, stdout: expect.stringMatching(/^staged \d+\n$/) });
    expect(restarts()).toEqual([]);
    expect(node.read(`${TLS}/cert.pem`)).toBe("the former certificate");
    expect(node.read(staged(`${TLS}/cert.pem`))).toBe("the certificate");
    expect(node.read(staged(`${TLS}/key.pem`))).toBeUndefined();
  });

  test("leaves an engine alone that has it already", async () => {
    await api();
    expect((await api()).code).toBe(0);
    expect(restarts()).toHaveLength(1);
  });

  test.each(["CA", "CERT", "KEY"])("starts the engine again, once, for a new %s", async (name) => {
    await api();
    expect((await api({ [name]: "a new one\n" })).code).toBe(0);
    expect(restarts()).toHaveLength(2);
  });

  test("restarts it still after a run that was killed before the restart", async () => {
    node.command("systemctl", 'kill -9 "$(<script)"'); // what runs it
    const killed = await node.bash(
      `echo $$ >script\n${scriptText("remote/common")}\n${scriptText("swarm/api")}`,
      [0],
      MATERIAL,
    );
    expect(killed.code).not.toBe(0);
    expect(node.read(`${TLS}/key.pem`)).toBe("the key"); // all in place
    node.command("systemctl", "");
    const before = restarts().length;
    expect((await api()).code).toBe(0);
    expect(restarts().slice(before)).toEqual(["systemctl restart docker"]);
    expect((await api()).code).toBe(0);
    expect(restarts()).toHaveLength(before + 1);
  });

  test("tells Prometheus when the certificate ends that is shown", async () => {
    expect((await api()).code).toBe(0);
    expect(node.read("var/lib/prometheus/node-exporter/api.prom")).toBe(
      `swarm_api_certificate_expiry_timestamp_seconds ${Date.UTC(2030, 0, 2, 3, 4, 5) / 1000}`,
    );
  });

  test("has no key in what it calls or prints", async () => {
    const { stdout, stderr } = await api();
    expect([node.read("calls"), stdout, stderr].join()).not.toContain("the key");
  });

  test("gives the engine back what it had when it does not start with them, and says so", async () => {
    inPlace({ CERT: "the former certificate\n" });
    node.command("systemctl", `[[ $(<${TLS}/cert.pem) != "the certificate" ]]`);
    const { code, stderr } = await api();
    expect(code).toBe(1);
    expect(onlyMessage(stderr)).toBe(
      "node1: the engine does not start with its new certificates, and has what it had before (journalctl -u docker)",
    );
    expect(node.read(`${TLS}/cert.pem`)).toBe("the former certificate");
  });

  test("says so when it cannot write them", async () => {
    node.write("etc/docker", "a file in the folder's place");
    const { code, stderr } = await api();
    expect(code).toBe(1);
    expect(stderr).toMatch(/^node1: could not write \S+\/docker\/tls\/key\.pem$/m);
    expect(restarts()).toEqual([]);
  });

  test("gives up on an API that does not listen", async () => {
    node.close(2376);
    const { code, stderr } = await api();
    expect(code).toBe(1);
    expect(onlyMessage(stderr)).toBe(
      "node1: gave up after 0 s waiting for the API to listen on 2376",
    );
  });
});

describe("the restart of an engine in the swarm", () => {
  const CONFIG = "etc/docker/daemon.json";
  const staged = (file: string) => `etc/docker/staged/files${node.folder}/${file}`;
  const engine = (step: string, ...args: (string | number)[]) =>
    node.run("swarm/engine", [step, ...args], {
      ENGINE_CONFIGS: "the new one\nanother one\n",
      UNLOCK_KEY: "SWMKEY-1-good",
    });
  const restarts = () => node.calls(/^systemctl/);

  beforeEach(async () => {
    node.fastForward = true;
    node.swarm(3);
    node.command("systemctl", "");
    node.command("openssl", "echo notAfter=Jan  2 03:04:05 2030 GMT");
    node.write("networks/my-ingress", "my-ingress-sbox ");
    node.write("etc/docker/tls/key.pem", "the key");
    node.write("etc/docker/tls/cert.pem", "the certificate");
    node.write(CONFIG, "the former one\n");
    node.write(staged(CONFIG), "the new one\n");
    await node.listen(2376);
  });

  test("says whether something waits for it", async () => {
    expect(await engine("look")).toEqual({ code: 0, stdout: "staged\n", stderr: "" });
    node.erase("etc/docker/staged");
    expect(await engine("look")).toEqual({ code: 0, stdout: "", stderr: "" });
  });

  test("forgets what an up staged that was killed, and that nobody wants now", async () => {
    node.write(staged(CONFIG), "one that was taken back\n");
    expect((await engine("look")).stdout).toBe("");
    expect((await engine("restart", 0)).code).toBe(0);
    expect(node.read(CONFIG)).toBe("the former one");
  });

  test("puts what waits in place, and prints the node's ID; the mark stays until the end", async () => {
    expect(await engine("restart", 0)).toEqual({ code: 0, stdout: "m1\n", stderr: "" });
    expect(node.read(CONFIG)).toBe("the new one");
    expect(restarts()).toEqual(["systemctl restart docker"]);
    expect((await engine("look")).stdout).toBe("staged\n");
    expect(await engine("finish", 0)).toEqual({ code: 0, stdout: "", stderr: "" });
    expect((await engine("look")).stdout).toBe("");
    expect(node.read("var/lib/prometheus/node-exporter/api.prom")).toContain(
      "timestamp_seconds 18",
    );
  });

  test("restarts no manager while another one is not reachable, and names that", async () => {
    node.member("m3", { role: "manager", reachability: "unreachable" });
    const { code, stdout, stderr } = await engine("restart", 0);
    expect([code, stdout]).toEqual([1, ""]);
    expect(onlyMessage(stderr)).toContain(
      "keeps its former settings, and so do those after it: not reachable: host-m3.",
    );
    expect(restarts()).toEqual([]);
    expect(node.read(CONFIG)).toBe("the former one");
  });

  test("restarts no manager while there is no leader", async () => {
    node.failing("node ls");
    const { code, stderr } = await engine("restart", 0);
    expect(code).toBe(1);
    expect(onlyMessage(stderr)).toContain("no manager says: there is no leader");
    expect(restarts()).toEqual([]);
  });

  test("restarts a worker whatever the managers are", async () => {
    node.erase("etc/docker/tls");
    node.engine("active", { cluster: "", nodeId: "w1" });
    expect(await engine("restart", 0)).toEqual({ code: 0, stdout: "w1\n", stderr: "" });
    expect(restarts()).toHaveLength(1);
  });

  test("gives the engine back what it had when it does not start", async () => {
    node.command("systemctl", `[[ $(<${CONFIG}) == "the former one" ]]`);
    const { code, stderr } = await engine("restart", 0);
    expect(code).toBe(1);
    expect(onlyMessage(stderr)).toContain(
      "does not start with its new settings, and has what it had before",
    );
    expect(node.read(CONFIG)).toBe("the former one");
    expect((await engine("look")).stdout).toBe("staged\n"); // the next up does not take it for done
  });

  test("brings the key to a manager that is locked after it", async () => {
    node.command("systemctl", "echo locked >engine/state");
    expect((await engine("restart", 0)).code).toBe(0);
    expect(node.calls(/unlock/)).toEqual(["docker swarm unlock"]);
    expect(node.read("calls")).not.toContain("SWMKEY");
  });

  test.each([
    [
      "the engine to be in the swarm again",
      () => node.command("systemctl", "echo pending >engine/state"),
    ],
    ["the API to listen on 2376", () => node.close(2376)],
    [
      "this manager to be reachable in the swarm",
      () => node.member("m1", { role: "manager", reachability: "unreachable" }),
    ],
  ])("waits for %s", async (what, trouble) => {
    trouble();
    const { code, stderr } = await engine("restart", 5);
    expect(code).toBe(1);
    expect(onlyMessage(stderr)).toBe(`node1: gave up after 5 s waiting for ${what}`);
  });

  test("is seen by a manager, which has the node look at its networks", async () => {
    expect((await engine("seen", 0, "w1")).code).toBe(0);
    expect(node.read("nodes/w1/labels")).toMatch(/^swarm\.restarted=\d+$/m);
    node.write("nodes/w1/state", "down");
    const { code, stderr } = await engine("seen", 5, "w1");
    expect(code).toBe(1);
    expect(onlyMessage(stderr)).toContain(
      "waiting for node w1 to be Ready after its engine's restart",
    );
  });

  test("is not done before the node's published ports are back", async () => {
    await engine("restart", 0);
    node.write("networks/my-ingress", "");
    const { code, stderr } = await engine("finish", 5);
    expect(code).toBe(1);
    expect(onlyMessage(stderr)).toContain("waiting for the node's place in the ingress network");
    expect((await engine("look")).stdout).toBe("staged\n");
  });
});

describe("size", () => {
  test("notes the wanted numbers, and later ones in their place", async () => {
    node.engine("active", { cluster: "cluster1" });
    expect((await node.run("swarm/size", [3, 6])).code).toBe(0);
    const wanted = () =>
      ["managers", "nodes"].map((what) => node.read(`configs/wanted-size/label-${what}`));
    expect(wanted()).toEqual(["3", "6"]);
    expect((await node.run("swarm/size", [5, 9])).code).toBe(0);
    expect(wanted()).toEqual(["5", "9"]);
  });

  test("takes out what joins that broke off have left, and nothing else", async () => {
    node.swarm(3, 1);
    node.member("broken", { role: "worker", hostname: "", state: "unknown" });
    expect((await node.run("swarm/size", [3, 4, "m1", "m2", "m3", "w1"])).code).toBe(0);
    expect(node.read("nodes/broken/role")).toBeUndefined();
    expect(node.calls(/node rm/)).toEqual(["docker node rm --force broken"]);
  });

  test("says so when it cannot", async () => {
    node.engine("active", { cluster: "cluster1" });
    node.failing("config create");
    const { code, stderr } = await node.run("swarm/size", [3, 6]);
    expect(code).toBe(1);
    expect(stderr).toContain("could not note the wanted size in the swarm");
  });
});

describe("tokens", () => {
  const tokens = async (rotation: number, ca = 0, days = 90) => {
    const { code, stdout } = await node.run("swarm/tokens", [30, rotation, ca, days]);
    expect(code).toBe(0);
    return JSON.parse(stdout) as unknown;
  };

  test("are printed as JSON, and are not rotated by themselves", async () => {
    node.swarm(3);
    expect(await tokens(0)).toEqual({ manager: "SWMTKN-manager-0", worker: "SWMTKN-worker-0" });
    expect(await tokens(0)).toEqual({ manager: "SWMTKN-manager-0", worker: "SWMTKN-worker-0" });
  });

  test("are rotated once for each value of the counter", async () => {
    node.swarm(3);
    const once = { manager: "SWMTKN-manager-1", worker: "SWMTKN-worker-1" };
    expect(await tokens(1)).toEqual(once);
    expect(await tokens(1)).toEqual(once);
    expect(await tokens(2)).toEqual({ manager: "SWMTKN-manager-2", worker: "SWMTKN-worker-2" });
  });

  test("come with a new CA once for each value of the other counter", async () => {
    node.swarm(3);
    await tokens(0, 0);
    expect(node.calls(/swarm ca/)).toEqual([]);
    await tokens(0, 1);
    await tokens(1, 1);
    expect(node.calls(/swarm ca/)).toEqual(["docker swarm ca --rotate --detach"]);
    await tokens(1, 2);
    expect(node.calls(/swarm ca/)).toHaveLength(2);
  });

  test("wait until the new CA counts, and do not begin anew after an up that was killed", async () => {
    node.swarm(3);
    node.write("engine/rotating", "true");
    const running = tokens(0, 1);
    await node.called(/RootRotationInProgress/, 2);
    node.write("engine/rotating", "false");
    await running;
    expect(node.calls(/swarm ca/)).toEqual([]);
  });

  test("are not printed when a node never gets a certificate of the new CA", async () => {
    node.swarm(3);
    node.fastForward = true;
    node.write("engine/rotating", "true");
    const { code, stdout, stderr } = await node.run("swarm/tokens", [30, 0, 1, 90]);
    expect([code, stdout]).toEqual([1, ""]);
    expect(onlyMessage(stderr)).toBe(
      "node1: gave up after 30 s waiting for every node to have a certificate of the new CA",
    );
  });

  test("do not come with a new CA while a node is lost, which is named with the way out", async () => {
    node.swarm(3);
    node.fastForward = true;
    node.member("w1", { role: "worker", state: "down" });
    const { code, stdout, stderr } = await node.run("swarm/tokens", [30, 0, 1, 90]);
    expect([code, stdout]).toEqual([1, ""]);
    expect(onlyMessage(stderr)).toMatch(
      /^node1: caRotation waits for every node, and these are not Ready: host-w1\. Set caRotation back/,
    );
    expect(node.calls(/swarm ca/)).toEqual([]);
    node.config("ca-rotation-1", {});
    await tokens(0, 1); // one that this swarm has seen needs no node
  });

  test("come with another lifetime of nodes' certificates where one is wanted, set once", async () => {
    node.swarm(3);
    await tokens(0);
    expect(node.calls(/cert-expiry/)).toEqual([]);
    await tokens(0, 0, 365);
    await tokens(0, 0, 365);
    expect(node.calls(/cert-expiry/)).toEqual(["docker swarm update --cert-expiry 8760h0m0s"]);
  });

  test.each([
    ["swarm join-token", 0],
    ["swarm join-token", 1],
    ["config create", 1],
  ])("are not printed when docker %s fails (rotation %d)", async (words, rotation) => {
    node.swarm(3);
    node.failing(words);
    const { code, stdout, stderr } = await node.run("swarm/tokens", [30, rotation, 0, 90]);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toContain(`fake failure of docker ${words}`);
  });
});

describe("join", () => {
  const MANAGERS = ["192.168.42.10", "192.168.42.11", "192.168.42.12"];
  const joinSwarm = (seconds = 0, RESTORED = "", ROLE = "manager") =>
    node.run("swarm/join", [seconds, "cluster1", "192.168.42.20", ...MANAGERS], {
      JOIN_TOKEN: TOKEN,
      ...{ ROLE, RESTORED },
    });

  /** The engine's API lets this node in through these managers only. */
  function letIn(...managers: string[]): void {
    node.command(
      "curl",
      `cat >request
[[ $* != *:2376* ]] || exit 35
echo "$(<request)" >>requests
for manager in ${managers.join(" ")}; do
  if grep -q "\\"RemoteAddrs\\":\\[\\"$manager:2377\\"\\]" request; then
    echo active >engine/state
    echo node1 >engine/nodeId
    exit
  fi
done
echo '{"message":"connection refused"}'`,
    );
  }

  /** Beside that, a manager's TLS API tells that it is in this swarm, with a leader. */
  function leads(manager: string, cluster: string): void {
    const letsIn = readFileSync(join(node.folder, "bin/curl"), "utf8")
      .split("\n")
      .slice(3)
      .join("\n");
    node.command(
      "curl",
      `if [[ $* == *"--key "*" https://${manager}:2376/swarm" ]]; then echo '{"ID":"${cluster}"}'; exit; fi
[[ $* != *:2376* ]] || exit 35
${letsIn}`,
    );
  }

  // The ingress network is among this node's networks, and it has its place in it. It reaches all managers.
  beforeEach(() => {
    node.write("networks/my-ingress", "my-ingress-sbox ");
    for (const manager of MANAGERS) node.write(`ports/${manager}/2377`, "");
  });

  const requests = () => (node.read("requests") ?? "").split("\n").filter(Boolean);

  test("goes through the first manager that lets it in, and prints the node's ID", async () => {
    node.engine("inactive");
    letIn(MANAGERS[1]!, MANAGERS[2]!);
    const { code, stdout } = await joinSwarm();
    expect(code).toBe(0);
    expect(stdout).toBe("node1\n");
    expect(requests().map((request) => JSON.parse(request) as unknown)).toEqual(
      MANAGERS.slice(0, 2).map((manager) => ({
        ListenAddr: "192.168.42.20:2377",
        AdvertiseAddr: "192.168.42.20",
        DataPathAddr: "192.168.42.20",
        RemoteAddrs: [`${manager}:2377`],
        JoinToken: TOKEN,
      })),
    );
  });

  test("waits until the routing mesh has reached the node", async () => {
    node.engine("inactive");
    node.erase("networks/my-ingress");
    letIn(MANAGERS[0]!);
    const running = joinSwarm(20);
    await node.called(/network ls/, 2);
    node.write("networks/my-ingress", "my-ingress-sbox ");
    expect(await running).toMatchObject({ code: 0, stdout: "node1\n" });
  });

  test("leaves it to the node's member step when it does not", async () => {
    node.fastForward = true;
    node.engine("inactive");
    node.write("networks/my-ingress", "");
    letIn(MANAGERS[0]!);
    expect(await joinSwarm()).toMatchObject({ code: 0, stdout: "node1\n" });
    expect(node.calls(/network ls/).length).toBeGreaterThan(20);
  });

  test("has the token in no argument list and in nothing that it prints", async () => {
    node.engine("inactive");
    letIn(MANAGERS[0]!);
    const { stdout, stderr } = await joinSwarm();
    expect(requests()).toHaveLength(1);
    expect(node.calls(/^curl /)).toEqual([
      expect.stringMatching(/--data-binary @- http:\/\/engine\/swarm\/join$/),
    ]);
    expect([node.read("calls"), stdout, stderr].join()).not.toContain(TOKEN);
  });

  // What an engine knows of its swarm: a manager its ID, a worker nothing but the managers.
  test.each([
    ["worker", { remoteManagers: "192.0.2.1:2377 192.168.42.12:2377 " }],
    ["manager", { cluster: "cluster1", remoteManagers: "192.168.42.20:2377 " }],
  ])("does nothing on a %s of this swarm", async (_, fields) => {
    node.engine("active", { nodeId: "node1", ...fields });
    letIn();
    const { code, stdout } = await joinSwarm();
    expect([code, stdout]).toEqual([0, "node1\n"]);
    expect(requests()).toEqual([]);
  });

  test.each([
    ["worker of another swarm", { remoteManagers: "192.0.2.1:2377 192.0.2.2:2377 " }],
    ["worker of one that its own address led", { remoteManagers: "192.168.42.20:2377 " }],
    [
      "manager of a swarm of its own",
      { cluster: "cluster2", remoteManagers: "192.168.42.20:2377 " },
    ],
    [
      "manager of another swarm at the same addresses",
      { cluster: "cluster2", remoteManagers: "192.168.42.10:2377 " },
    ],
  ])("refuses a %s at once", async (_, fields) => {
    node.engine("active", { nodeId: "node1", ...fields });
    letIn(...MANAGERS);
    const { code, stdout, stderr } = await joinSwarm(20);
    expect([code, stdout]).toEqual([1, ""]);
    expect(onlyMessage(stderr)).toContain("is a member of another swarm");
    expect(requests()).toEqual([]);
  });

  describe("with an engine whose swarm is in error,", () => {
    beforeEach(() => {
      node.fastForward = true;
      node.engine("error", { error: "certificate has expired" });
      letIn(MANAGERS[0]!);
    });

    test("a manager leaves what it has when another one says that it leads this swarm", async () => {
      leads(MANAGERS[1]!, "cluster1");
      expect((await joinSwarm()).code).toBe(0);
      expect(node.calls(/swarm leave/)).toEqual(["docker swarm leave --force"]);
    });

    test.each([
      ["none does", () => undefined],
      ["it leads another swarm", () => leads(MANAGERS[1]!, "cluster2")],
    ])("a manager erases nothing where %s, and says so", async (_, leader) => {
      leader();
      const { code, stdout, stderr } = await joinSwarm(5);
      expect([code, stdout]).toEqual([1, ""]);
      expect(onlyMessage(stderr)).toMatch(
        /: the engine is error in a swarm that it takes no part in \(certificate has expired\), .* Nothing was erased\./,
      );
      expect(node.calls(/swarm leave/)).toEqual([]);
    });

    test("a worker leaves it when some manager can be reached, and not before", async () => {
      expect((await joinSwarm(0, "", "worker")).code).toBe(0);
      expect(node.calls(/swarm leave/)).toEqual(["docker swarm leave --force"]);

      node.engine("error");
      node.erase("ports");
      const { code, stderr } = await joinSwarm(5, "", "worker");
      expect(code).toBe(1);
      expect(onlyMessage(stderr)).toContain("Nothing was erased");
      expect(node.calls(/swarm leave/)).toHaveLength(1);
    });
  });

  test("asks only managers that can be reached, and says of none what may be in the way", async () => {
    node.fastForward = true;
    node.engine("inactive");
    letIn(MANAGERS[2]!);
    node.erase(`ports/${MANAGERS[0]}`);
    expect((await joinSwarm()).code).toBe(0);
    expect(requests()).toHaveLength(2);

    node.engine("inactive");
    node.erase("ports");
    // Silent are those whose connection the bound ends.
    const timeout = execFileSync("bash", ["-c", "command -v timeout"], { encoding: "utf8" }).trim();
    node.command("timeout", `[[ $* != *ports/${MANAGERS[1]}* ]] || exit 124; exec ${timeout} "$@"`);
    const { code, stderr } = await joinSwarm(5);
    expect(code).toBe(1);
    expect(onlyMessage(stderr)).toContain(
      `port 2377 is closed (${MANAGERS[0]} refuses, ${MANAGERS[1]} silent, ${MANAGERS[2]} refuses). ` +
        "Where a manager is silent, a firewall between the nodes may drop what they send",
    );
    expect(requests()).toHaveLength(2);
  });

  describe("after the swarm was restored", () => {
    beforeEach(() => {
      node.fastForward = true;
      letIn(MANAGERS[0]!);
    });

    test("leaves a Raft without a leader, and joins again, when another one leads", async () => {
      leads(MANAGERS[2]!, "cluster1");
      node.engine("active", { nodeId: "old", remoteManagers: "192.168.42.10:2377 " });
      expect(await joinSwarm(0, "latest")).toMatchObject({ code: 0, stdout: "node1\n" });
      expect(node.calls(/swarm leave/)).toEqual(["docker swarm leave --force"]);
    });

    test("stays in a Raft without a leader while none leads, and says so", async () => {
      node.engine("active", { nodeId: "old", remoteManagers: "192.168.42.10:2377 " });
      const { code, stderr } = await joinSwarm(5, "latest");
      expect(code).toBe(1);
      expect(onlyMessage(stderr)).toContain("Nothing was erased");
      expect(node.calls(/swarm leave/)).toEqual([]);
    });

    test.each([
      ["a manager with a leader", "manager", { cluster: "cluster1" }],
      ["a worker", "worker", { remoteManagers: "192.168.42.10:2377 " }],
    ])("leaves %s as it is", async (_, role, fields) => {
      node.engine("active", { nodeId: "old", ...fields });
      expect(await joinSwarm(0, "latest", role)).toMatchObject({ code: 0, stdout: "old\n" });
      expect(node.calls(/swarm leave/)).toEqual([]);
    });

    test("joins with a new machine at once", async () => {
      node.engine("inactive");
      expect(await joinSwarm(0, "latest")).toMatchObject({ code: 0, stdout: "node1\n" });
      expect(node.calls(/swarm leave|node ls/)).toEqual([]);
    });

    test("was not restored: a manager without a leader stays", async () => {
      node.engine("active", { nodeId: "old", remoteManagers: "192.168.42.10:2377 " });
      expect(await joinSwarm()).toMatchObject({ code: 0, stdout: "old\n" });
      expect(node.calls(/swarm leave/)).toEqual([]);
    });
  });

  test("waits for an engine that goes on trying by itself", async () => {
    node.engine("pending");
    letIn(...MANAGERS);
    const running = joinSwarm(20);
    await node.called(/LocalNodeState/, 2);
    node.engine("active", { nodeId: "node1", remoteManagers: "192.168.42.10:2377 " });
    expect(await running).toMatchObject({ code: 0, stdout: "node1\n" });
    expect(requests()).toEqual([]);
  });

  test("gives up after its bound with every manager's address and the last answer", async () => {
    node.fastForward = true;
    node.engine("inactive");
    letIn();
    const { code, stdout, stderr } = await joinSwarm(5);
    expect([code, stdout]).toEqual([1, ""]);
    expect(onlyMessage(stderr)).toBe(
      `node1: could not join the swarm within 5 s through any of ${MANAGERS.join(" ")}: ` +
        '{"message":"connection refused"}',
    );
    expect(requests().length).toBeGreaterThan(MANAGERS.length); // all of them, more than once
  });
});

describe("member arrive", () => {
  const arrive = (id: string, role: string, address: string, seconds = 0) =>
    node.run("swarm/member", ["arrive", seconds, id, role, address, "active"]);

  beforeEach(() => node.swarm(3));

  test.each([
    ["w1", "worker"],
    ["m2", "manager"],
  ])("prints the ID of a ready member (%s)", async (id, role) => {
    const { code, stdout } = await arrive(id, role, `10.9.0.${id}`);
    expect([code, stdout]).toEqual([0, `${id}\n`]);
  });

  test("waits until the node is there", async () => {
    const running = arrive("w2", "worker", "10.9.0.w2", 20);
    await node.called(/node inspect/);
    node.member("w2", { role: "worker" });
    expect(await running).toMatchObject({ code: 0, stdout: "w2\n" });
  });

  test.each([
    ["is not in the list", "w9", "worker", {}],
    ["is down", "w1", "worker", { state: "down" }],
    ["has another role", "w1", "manager", {}],
    ["is a manager that nobody reaches", "m2", "manager", { reachability: "unreachable" }],
  ])("gives up on a node that %s", async (_, id, role, fields) => {
    if (Object.keys(fields).length > 0) node.member(id, { role, ...fields });
    const { code, stdout, stderr } = await arrive(id, role, `10.9.0.${id}`);
    expect([code, stdout]).toEqual([1, ""]);
    expect(onlyMessage(stderr)).toBe(
      `node1: gave up after 0 s waiting for node ${id} to be a ready ${role}`,
    );
  });

  /** What changes who is in the swarm. */
  const changes = () => node.calls(/^docker node (demote|rm)/);

  test.each([
    ["instead of those that it had", "disk=hdd\nzone=a", ["disk=ssd"], ["disk=ssd"]],
    ["and none where none are wanted", "disk=hdd", [], []],
    ["beside our own", "swarm.ingress=n1", ["a=b"], ["a=b", "swarm.ingress=n1"]],
  ])("gives the node its availability, and its labels %s", async (_, before, wanted, after) => {
    node.write("nodes/w1/labels", `${before}\n`);
    const args = ["arrive", 0, "w1", "worker", "10.9.0.w1", "drain", ...wanted];
    expect((await node.run("swarm/member", args)).code).toBe(0);
    expect(node.read("nodes/w1/labels")!.split("\n").sort()).toEqual(
      [...after, "swarm.arrived=w1"].sort(),
    );
    expect(node.read("nodes/w1/availability")).toBe("drain");
  });

  test.each(["worker", "manager"])(
    "takes the %s out that the node was in an earlier life",
    async (role) => {
      node.member("old", { hostname: "host-w1", role, state: "down" });
      if (role === "manager") node.write("nodes/old/reachability", "unreachable");
      const { code, stdout } = await arrive("w1", "worker", "10.9.0.w1", 20);
      expect([code, stdout]).toEqual([0, "w1\n"]);
      expect(changes()).toEqual(["docker node demote old", "docker node rm --force old"]);
      expect(node.read("nodes/old/role")).toBeUndefined();
    },
  );

  test("waits for an earlier life that does not look dead yet, and leaves it alone", async () => {
    node.member("old", { hostname: "host-w1", role: "worker" });
    const { code, stdout } = await arrive("w1", "worker", "10.9.0.w1");
    expect([code, stdout]).toEqual([1, ""]);
    expect(changes()).toEqual([]);

    const running = arrive("w1", "worker", "10.9.0.w1", 20);
    await node.called(/node ls --filter name=host-w1 /, 2);
    expect(changes()).toEqual([]);
    node.write("nodes/old/state", "down");
    expect(await running).toMatchObject({ code: 0, stdout: "w1\n" });
    expect(changes()).toContain("docker node rm --force old");
  });

  test("leaves a dead node alone whose name only begins like the node's", async () => {
    node.member("w10", { role: "worker", state: "down" });
    expect((await arrive("w1", "worker", "10.9.0.w1")).code).toBe(0);
    expect(changes()).toEqual([]);
  });

  test("refuses a node with another address at once, and names both", async () => {
    const { code, stderr } = await arrive("w1", "worker", "192.168.42.20", 20);
    expect(code).toBe(1);
    expect(onlyMessage(stderr)).toContain("the address 10.9.0.w1 instead of 192.168.42.20");
  });
});

// Where a test gives no seconds, every condition is asked for once.
describe("member leave", () => {
  /** @param away how long a node that is away may take, in seconds */
  const leave = (id: string, seconds = 0, { away = seconds, atOnce = 1 } = {}) =>
    node.run("swarm/member", ["leave", seconds, id, away, atOnce]);
  /** What changes the swarm, without the lock. */
  const changes = () => node.calls(/^docker node (update|demote|rm)/);
  /** The node on whose behalf the lock is held. */
  const LOCK = "configs/leaving/label-node";

  // What the manager, about to tell another one to leave, shows it.
  beforeEach(() => node.write("etc/docker/tls/key.pem", "the key"));

  test("drains a worker, then removes it, and leaves no lock", async () => {
    node.swarm(3);
    expect((await leave("w1")).code).toBe(0);
    expect(changes()).toEqual([
      "docker node update --availability drain w1",
      "docker node rm --force w1",
    ]);
    expect(node.read(LOCK)).toBeUndefined();
  });

  test("waits until a drained worker's tasks run elsewhere", async () => {
    node.swarm(3);
    // A running one at the head of more than fits into a pipe.
    node.write("nodes/w1/tasks", `Running 2 hours ago\n${"Shutdown 3 hours ago\n".repeat(5000)}`);
    const running = leave("w1", 20);
    await node.called(/node ps/, 2);
    expect(changes()).toEqual(["docker node update --availability drain w1"]);
    node.write("nodes/w1/tasks", "Shutdown 1 second ago\n");
    expect((await running).code).toBe(0);
    expect(changes()).toHaveLength(2);
  });

  test("removes a worker whose tasks do not end within the bound, and says so", async () => {
    node.swarm(3);
    node.write("nodes/w1/tasks", "Running 2 hours ago\n");
    const { code, stderr } = await leave("w1");
    expect(code).toBe(0);
    expect(stderr).toBe("host-w1 leaves with tasks still on it: they did not move within 0 s\n");
    expect(changes()).toContain("docker node rm --force w1");
  });

  test("demotes a manager before it drains and removes it", async () => {
    node.swarm(3);
    expect((await leave("m2")).code).toBe(0);
    expect(changes()).toEqual([
      "docker node demote m2",
      "docker node update --availability drain m2",
      "docker node rm --force m2",
    ]);
  });

  test("has a demoted manager leave by itself before it is taken out of the list", async () => {
    node.swarm(3);
    node.failing("swarm leave", 1); // its engine is slow
    expect((await leave("m2", 20)).code).toBe(0);
    expect(node.calls(/^docker.* (swarm leave|node rm)/)).toEqual([
      ...Array(2).fill("docker --host tcp://10.9.0.m2:2376 swarm leave --force"),
      "docker node rm --force m2",
    ]);
  });

  test("keeps a demoted manager in the list that does not leave, and says so", async () => {
    node.fastForward = true;
    node.swarm(3);
    node.write("ports/10.9.0.m2/2377", "");
    node.failing("swarm leave");
    const { code, stderr } = await leave("m2");
    expect(code).toBe(1);
    expect(onlyMessage(stderr)).toContain("waiting for host-m2 to leave the swarm by itself");
    expect(changes()).not.toContain("docker node rm --force m2");
  });

  test("shows it the certificates too that wait for this engine's restart", async () => {
    node.swarm(3);
    node.write(`etc/docker/staged/files${node.folder}/etc/docker/tls/key.pem`, "the next key");
    node.command(
      "docker",
      `[[ \${DOCKER_CERT_PATH:-} != "$FAKE_NODE/etc/docker/tls" ]] && exec ${DOCKER} "$@"`,
    );
    expect((await leave("m2", 20)).code).toBe(0);
    expect(node.calls(/^docker --host .* swarm leave/)).toHaveLength(1);
  });

  test("takes one out that cannot be told, when it has not been a manager for a minute", async () => {
    node.fastForward = true;
    node.swarm(3);
    node.failing("swarm leave"); // by certificates of another CA
    node.write("ports/10.9.0.m2/2377", ""); // it joins Raft again
    node.command(
      "docker",
      `(($(grep -c "swarm leave" calls) < 20)) || rm -f ports/10.9.0.m2/2377; exec ${DOCKER} "$@"`,
    );
    expect((await leave("m2", 20)).code).toBe(0);
    expect(node.calls(/^docker --host .* swarm leave/).length).toBeGreaterThan(50);
    expect(changes()).toContain("docker node rm --force m2");
  });

  test("asks neither a worker nor a dead manager to leave by itself", async () => {
    node.swarm(3);
    expect((await leave("w1")).code).toBe(0);
    node.member("m2", { role: "manager", reachability: "unreachable", state: "down" });
    expect((await leave("m2")).code).toBe(0);
    expect(node.calls(/swarm leave/)).toEqual([]);
  });

  test("does not wait for the tasks of a dead manager", async () => {
    node.swarm(3);
    node.member("m2", { role: "manager", reachability: "unreachable", state: "down" });
    node.write("nodes/m2/tasks", "Running 2 hours ago\n");
    expect((await leave("m2", 20)).code).toBe(0);
    expect(changes()).toContain("docker node rm --force m2");
  });

  test("tries again while the leader moves", async () => {
    node.swarm(3);
    node.failing("node demote", 2);
    node.failing("node update", 1);
    node.failing("node rm", 1);
    expect((await leave("m2", 20)).code).toBe(0);
    expect(node.read("nodes/m2/role")).toBeUndefined();
  });

  test("waits until the other managers are a safe majority", async () => {
    node.swarm(3);
    node.member("m3", { role: "manager", reachability: "unreachable" });
    const running = leave("m2", 20);
    await node.called(/node ls/, 3);
    expect(changes()).toEqual([]);
    node.member("m3", { role: "manager", reachability: "reachable" });
    expect((await running).code).toBe(0);
    expect(changes()).toContain("docker node demote m2");
  });

  test("keeps a manager, and changes nothing, when another one is unreachable", async () => {
    node.swarm(5);
    node.member("m3", { role: "manager", reachability: "unreachable" });
    const { code, stderr } = await leave("m2");
    expect(code).toBe(1);
    expect(onlyMessage(stderr)).toContain(
      "host-m2 stays, and nothing was changed: without it 3 of 4 managers are reachable, which is " +
        "no safe majority of all (not well: host-m3)",
    );
    expect(changes()).toEqual([]);
    expect(node.read(LOCK)).toBeUndefined();
  });

  test("keeps the only manager at once, and says what to do", async () => {
    node.swarm(1);
    const { code, stderr } = await leave("m1", 100);
    expect(code).toBe(1);
    expect(onlyMessage(stderr)).toMatch(/it is the only manager, .*Set managers to 3/);
    expect(changes()).toEqual([]);
  });

  test("counts a majority of the wanted managers, not of those that are there", async () => {
    node.swarm(3);
    node.config("wanted-size", { managers: 7, nodes: 8 });
    const { code, stderr } = await leave("m2");
    expect(code).toBe(1);
    expect(stderr).toContain("no safe majority");
    expect(changes()).toEqual([]);
  });

  test("does nothing about a node that is gone already", async () => {
    node.swarm(3);
    expect((await leave("w9")).code).toBe(0);
    expect(changes()).toEqual([]);
  });

  test("takes the swarm's size as it is where none was noted", async () => {
    node.swarm(3, 2);
    node.erase("configs/wanted-size");
    expect((await leave("m3")).code).toBe(0);
    expect((await leave("w1")).code).toBe(0);
    expect(changes()).toContain("docker node rm --force m3");
  });

  test("says so when no manager lists the nodes", async () => {
    node.engine("inactive");
    const { code, stderr } = await leave("w1");
    expect(code).toBe(1);
    expect(onlyMessage(stderr)).toBe(
      "node1: gave up after 0 s waiting for the swarm to list its nodes",
    );
  });

  describe("in turns:", () => {
    beforeEach(() => node.swarm(3, 3));

    const AWAY = "2 nodes would be away at a time, and 1 may be";

    test.each<[string, () => void, string]>([
      ["that is missing", () => node.erase("nodes/w2"), "none"],
      ["that is down", () => node.write("nodes/w2/state", "down"), "host-w2"],
      ["that has not arrived yet", () => node.write("nodes/w2/labels", ""), "host-w2"],
    ])("waits for a node %s, and gives up in the end", async (_, trouble, unwell) => {
      trouble();
      const { code, stderr } = await leave("w1");
      expect(code).toBe(1);
      expect(onlyMessage(stderr)).toContain(`${AWAY} (not well: ${unwell})`);
      expect(changes()).toEqual([]);
      expect(node.read(LOCK)).toBeUndefined();
    });

    test("goes on when that node is back", async () => {
      node.write("nodes/w2/labels", "");
      const running = leave("w1", 20);
      await node.called(/node ls/, 3);
      expect(changes()).toEqual([]);
      node.write("nodes/w2/labels", "swarm.arrived=w2\n");
      expect((await running).code).toBe(0);
      expect(changes()).toContain("docker node rm --force w1");
    });

    test("does not wait where more may be away", async () => {
      node.erase("nodes/w2");
      expect((await leave("w1", 0, { atOnce: 2 })).code).toBe(0);
    });

    test("does not wait when the swarm is meant to be smaller", async () => {
      node.config("wanted-size", { managers: 3, nodes: 3 });
      for (const id of ["w1", "w2", "w3"]) expect((await leave(id)).code).toBe(0);
      expect(changes()).toContain("docker node rm --force w3");
    });

    test("lets a node go that is away itself", async () => {
      node.erase("nodes/w2");
      node.write("nodes/w1/state", "down");
      expect((await leave("w1")).code).toBe(0);
    });

    test.each<[string, () => void, number]>([
      ["is there, but not well, little", () => node.write("nodes/w2/state", "down"), 3],
      ["is missing what it needs to come back", () => node.erase("nodes/w2"), 9],
    ])("gives one that %s", async (_, trouble, seconds) => {
      node.fastForward = true;
      trouble();
      expect((await leave("w1", 3, { away: 9 })).code).toBe(1);
      // A look every two seconds of this clock, and the first one for the list.
      const looks = node.calls(/node ls/).length - 1;
      expect(looks).toBeGreaterThan(seconds / 2);
      expect(looks).toBeLessThanOrEqual(seconds / 2 + 3);
    });
  });

  describe("one at a time:", () => {
    beforeEach(() => node.swarm(3, 2));

    test("waits for the lock", async () => {
      node.config("leaving", { node: "w2" }, 550); // less than six times the bound
      const running = leave("w1", 100);
      await node.called(/config inspect .*CreatedAt/, 2);
      expect(changes()).toEqual([]);
      expect(node.calls(/config rm/)).toEqual([]);
      node.erase("configs/leaving");
      expect((await running).code).toBe(0);
      expect(node.read("nodes/w1/role")).toBeUndefined();
    });

    test("gives up, with nothing changed, when another one holds it on and on", async () => {
      node.fastForward = true;
      node.config("leaving", { node: "w2" }, -1000);
      const { code, stderr } = await leave("w1", 2);
      expect(code).toBe(1);
      expect(onlyMessage(stderr)).toContain(
        "host-w1 stays, and nothing was changed: host-w2 has been leaving for -",
      );
      expect(changes()).toEqual([]);
      expect(node.read(LOCK)).toBe("w2");
    });

    test("takes the lock over from a run that was ended long ago", async () => {
      node.config("leaving", { node: "w2" }, 601); // more than six times the bound
      expect((await leave("w1", 100)).code).toBe(0);
      expect(node.calls(/config rm/)[0]).toBe("docker config rm id-of-leaving");
      expect(node.read("nodes/w1/role")).toBeUndefined();
      expect(node.read(LOCK)).toBeUndefined();
    });

    test("outwaits a lock that was left a moment ago, however long a node may be away", async () => {
      node.fastForward = true;
      // The clock of its age goes on with the wait.
      const date = execFileSync("bash", ["-c", "command -v date"], { encoding: "utf8" }).trim();
      node.config("leaving", { node: "w2" }, 1);
      node.command(
        "date",
        `exec ${date} --date "now + $((2 * $(grep -c '^docker node ls' calls))) seconds" "$@"`,
      );
      expect((await leave("w1", 10, { away: 20 })).code).toBe(0);
      expect(node.read("nodes/w1/role")).toBeUndefined();
    });

    test("does not drop a lock that another one took over", async () => {
      for (const id of ["w1", "w2"]) node.write(`nodes/${id}/tasks`, "Running 2 hours ago\n");
      const slow = leave("w1", 100);
      await node.called(/node ps .*w1/);
      expect(node.read(LOCK)).toBe("w1");
      node.write("configs/leaving/made", 0);

      const next = leave("w2", 100);
      await node.called(/node ps .*w2/);
      expect(node.read(LOCK)).toBe("w2");

      node.write("nodes/w1/tasks", "");
      expect((await slow).code).toBe(0);
      expect(node.read("nodes/w1/role")).toBeUndefined();
      expect(node.read(LOCK)).toBe("w2");

      node.write("nodes/w2/tasks", "");
      expect((await next).code).toBe(0);
      expect(node.read(LOCK)).toBeUndefined();
    });

    test("takes the lock over from an earlier run about the same node", async () => {
      node.config("leaving", { node: "w1" });
      expect((await leave("w1", 20)).code).toBe(0);
      expect(node.read("nodes/w1/role")).toBeUndefined();
    });

    test.each(["node demote", "node update", "node rm"])(
      "says what failed and gives the lock back when docker %s does",
      async (words) => {
        node.failing(words);
        const { code, stderr } = await leave("m2");
        expect(code).toBe(1);
        expect(onlyMessage(stderr)).toMatch(/gave up after \d+ s waiting for .*m2/);
        expect(node.read(LOCK)).toBeUndefined();
      },
    );
  });
});

describe("test/shellcheck", () => {
  const script = join(__dirname, "../../shellcheck");
  const project = join(__dirname, "../../..");
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "shellcheck-test-"));
    mkdirSync(join(folder, "bin"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** Runs it with a shellcheck that names the files it gets, and ends with a status. */
  function check(where: string, status = 0) {
    const fake = join(folder, "bin/shellcheck");
    writeFileSync(fake, `#!/bin/sh\nprintf '%s\\n' "$@"\nexit ${status}\n`, { mode: 0o755 });
    const PATH = `${join(folder, "bin")}:${process.env.PATH}`;
    const { stdout, ...rest } = spawnSync(script, [where], { env: { PATH }, encoding: "utf8" });
    return { ...rest, lines: stdout.trim().split("\n") };
  }

  test("covers every script of this project, with what it includes", () => {
    const { status, lines } = check(project);
    expect(status).toBe(0);
    expect(lines).toEqual(
      expect.arrayContaining([
        "--external-sources",
        ...readdirSync(SCRIPTS).map((file) => `components/swarm/scripts/${file}`),
        "images/build",
        "images/node/setup",
        "lab/setup",
        "test/shellcheck",
      ]),
    );
    const files = lines.slice(1, -1); // between the option and the last line
    expect(lines.at(-1)).toBe(`test/shellcheck: ${files.length} scripts are clean`);
  });

  test("knows a script by its ending or its first line, and leaves out what git ignores", () => {
    execFileSync("git", ["init", "-q"], { cwd: folder });
    const files = {
      "a command": "#!/usr/bin/env bash\n",
      "old-style": "#! /bin/sh -e\n",
      "sourced.sh": "true\n",
      "page.md": "#!/bin/bash in the text\n".slice(2),
      "program.py": "#!/usr/bin/env python3\n",
      ".gitignore": "ignored.sh\nbin/\n",
      "ignored.sh": "true\n",
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    expect(check(folder).lines.slice(1, -1).sort()).toEqual([
      "a command",
      "old-style",
      "sourced.sh",
    ]);
  });

  test("fails when shellcheck does", () => {
    const { status, lines } = check(project, 1);
    expect(status).toBe(1);
    expect(lines.at(-1)).not.toContain("clean");
  });

  test("says what to do where shellcheck is missing", () => {
    for (const tool of ["bash", "dirname", "git"]) {
      const path = execFileSync("bash", ["-c", `command -v ${tool}`], { encoding: "utf8" });
      symlinkSync(path.trim(), join(folder, "bin", tool));
    }
    const env = { PATH: join(folder, "bin") };
    const { status, stderr } = spawnSync(script, [], { env, encoding: "utf8" });
    expect(status).toBe(1);
    expect(stderr).toBe(
      "test/shellcheck: shellcheck is missing: run lab/setup, or apt-get install shellcheck\n",
    );
  });
});

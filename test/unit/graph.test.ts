import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type * as pulumi from "@pulumi/pulumi";
import { quote } from "shell-quote";
import { runOnManager } from "../../components/remote/nodeScript";
import type { Opening } from "../../components/swarm/firewall";
import {
  changed,
  COMPONENT,
  COMPOSE_FILE,
  folder,
  key,
  keys,
  onManager,
  outputs,
  QCOW2,
  refused,
  resource,
  SMALL,
  up,
  useFolder,
} from "./graphRun";
import { nameOf, resolve, waitsFor, type Run } from "./harness";

// What an `up` runs by itself, outside of resources: to tell, and not to run.
const mockRun = jest.fn(() => Promise.resolve(""));
jest.mock("../../components/remote/nodeScript", () => ({
  ...jest.requireActual<object>("../../components/remote/nodeScript"),
  runOnManager: jest.fn(() => mockRun),
}));

const SECRETS = /SWMTKN|PRIVATE KEY|open sesame/;

/** The stack `dev`. */
let dev: Run;
/** The same with one node only, for what is the same for every node. */
let small: Run;

jest.setTimeout(30_000); // enough for a machine that does other things too

useFolder();
beforeAll(async () => {
  dev = await up();
  small = await up(SMALL);
});

describe("the resources", () => {
  test("of three managers and three workers are these: type, name, parent", () => {
    expect(`\n${keys(dev).join("\n")}\n`).toMatchSnapshot();
  });

  test("have one name each, which begins with that of the component they are part of", () => {
    const names = dev.resources.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    // Those of the target are named as they were when they were no part of a component.
    for (const { name, parent } of dev.resources.filter(
      (one) => one.parent && one.parent !== "kvm",
    )) {
      expect(resource(dev, parent!).type).toMatch(COMPONENT);
      expect(name.startsWith(`${parent}-`)).toBe(true);
    }
  });

  test("are all part of a component, but for one key", () => {
    const onTop = dev.resources.filter((one) => !one.parent && !COMPONENT.test(one.type));
    expect(onTop.map(({ name }) => name).sort()).toEqual(["secret-names"]);
  });

  test("are the same in a preview, where nothing is known that providers answer", async () => {
    const preview = await up({}, { preview: true });
    expect(keys(preview)).toEqual(keys(dev));
    expect(resource(preview, "mg0-domain").inputs).toMatchObject({ memory: 800 });
    expect(resource(preview, "swarm-init").inputs.create).toBe(
      "bash -s -- 900 192.168.42.10 10.0.0.0/8",
    );
    // Nobody is asked about services before there is a swarm.
    expect(resource(preview, "swarm-provider").inputs).toHaveProperty("host", undefined);
    // What begins with the swarm's ID is not known yet, but there.
    expect(resource(preview, "swarm-mg0-join").inputs).toHaveProperty("create", undefined);
  });

  test("of libvirt are made on the configured host", async () => {
    const { resources } = await up({ ...SMALL, libvirtUri: "qemu+ssh://root@kvm1/system" });
    const provider = resources.find(({ type }) => type === "pulumi:providers:libvirt")!;
    expect(provider.inputs.uri).toBe("qemu+ssh://root@kvm1/system");
    const used = resources.filter(({ type }) => type.startsWith("libvirt:"));
    expect(used).toHaveLength(7); // two networks, a pool, a base; disk, seed and domain
    expect(used.map((one) => one.provider)).toEqual(used.map(() => provider.name));
  });
});

describe("a machine", () => {
  test("has the configured memory and disk, and both its cards", () => {
    expect(resource(dev, "worker2-disk").inputs.capacity).toBe(5_000_000_000);
    expect(resource(dev, "worker2-domain").inputs).toMatchObject({
      name: "dev-worker2",
      type: "qemu",
      memory: 800,
      memoryUnit: "MiB",
      devices: {
        interfaces: [
          {
            mac: { address: "52:54:c0:a8:7b:16" },
            source: { network: { network: "docker-network" } },
          },
          {
            mac: { address: "52:54:c0:a8:2a:16" },
            source: { network: { network: "docker-machines" } },
          },
        ],
      },
    });
  });

  const nameOf = (run: Run, volume: string) => resource(run, volume).inputs.name;

  test.each([
    ["memoryMiB", "900"],
    ["diskMB", "6000"],
    ["vcpus", "2"],
    ["sshUser", "debian"],
    ["nameservers", "192.0.2.53"],
  ])("gets new volumes, and with them is a new one, when %s changes", async (name, value) => {
    const after = await up({ ...SMALL, [name]: value });
    expect(keys(after)).toEqual(keys(small));
    for (const volume of ["mg0-disk", "mg0-seed"]) {
      expect(nameOf(after, volume)).not.toBe(nameOf(small, volume));
    }
    expect(nameOf(after, "store-base")).toBe(nameOf(small, "store-base"));
  });

  test("gets new volumes when the image's content changes", async () => {
    const other = join(folder, "other.qcow2");
    writeFileSync(other, Buffer.concat([QCOW2, Buffer.from("another")]));
    const after = await up({ ...SMALL, image: other });
    for (const volume of ["mg0-disk", "mg0-seed", "store-base"]) {
      expect(nameOf(after, volume)).not.toBe(nameOf(small, volume));
    }
  });

  test("stays when only Docker's configuration changes, which `ready` brings to it", async () => {
    const after = await up({ ...SMALL, registryMirror: "http://192.168.123.1:5000" });
    expect(changed(small, after)).toEqual(["swarm-engines", "swarm-mg0-ready"]);
  });
});

describe("the swarm", () => {
  const NODES = ["mg0", "mg1", "mg2", "worker0", "worker1", "worker2"];
  const MEMBERS = NODES.map((node) => `swarm-${node}-member`);
  const address = (node: string) => `192.168.123.${node.replace("mg", "1").replace("worker", "2")}`;

  test.each(NODES)("has %s joined through the other managers, once it is ready", (node) => {
    const { inputs, opts, dependsOn } = resource(dev, `swarm-${node}-join`);
    const own = address(node).replace(".123.", ".42.");
    const managers = ["192.168.42.10", "192.168.42.11", "192.168.42.12"];
    const others = managers.filter((manager) => manager !== own);
    expect(inputs).toMatchObject({
      connection: { host: address(node) },
      create: ["bash -s -- 300 cluster1", own, ...others].join(" "),
      triggers: [`uuid-${node}-domain`],
    });
    expect(opts.ignoreChanges).toEqual(["create"]);
    expect(dependsOn).toEqual([`swarm-${node}-ready`, "swarm-ingress"]);
  });

  test.each(NODES)("has %s looked after by any other manager", (node) => {
    const role = node.startsWith("mg") ? "manager" : "worker";
    const own = address(node).replace(".123.", ".42.");
    const { inputs, opts, dependsOn } = resource(dev, `swarm-${node}-member`);
    expect(inputs).toMatchObject({
      create: onManager(
        `without-${node}`,
        `bash -s -- arrive 300 id-${node} ${role} ${own} active swarm.address\\=${address(node)}`,
      ),
      delete: onManager(`without-${node}`, `bash -s -- leave 120 id-${node} 1200 1`),
      triggers: [`uuid-${node}-domain`],
    });
    expect(opts.ignoreChanges).toBeUndefined();
    expect(dependsOn).toEqual([`swarm-${node}-join`]);
    // When all six are replaced at once, the last waits for the others to boot and to join.
    expect(opts.customTimeouts?.delete).toBe("12240s");
  });

  test("has the engines restarted that wait for it, here, when all else is done", () => {
    const { inputs, dependsOn, opts } = resource(dev, "swarm-engines");
    expect(inputs.create).toBe("bash -s -- 300 .cache/ssh/dev/config 'bash -s --' 1");
    expect(inputs.stdin).toMatch(
      /^STAGED_NODES='manager mg1 staged 1764000002\nworker worker1 staged 1764000001'$/m,
    );
    expect(dependsOn).toEqual([
      ...MEMBERS,
      "swarm-size",
      ...["mg0", "mg1", "mg2"].map((manager) => `swarm-${manager}-api`),
    ]);
    expect(opts.ignoreChanges).toBeUndefined();
  });

  test("asks no node for a restart when none has said that it waits for one", () => {
    expect(resource(small, "swarm-engines").inputs.stdin).toMatch(/^STAGED_NODES=''$/m);
  });

  test("of one manager has that look after itself", () => {
    const { inputs } = resource(small, "swarm-mg0-member");
    expect(inputs.delete).toContain(" swarm-any ");
  });

  test("notes its size once all nodes are members", () => {
    const { inputs, dependsOn } = resource(dev, "swarm-size");
    expect(inputs.create).toBe(
      onManager("any", `bash -s -- 3 6 ${NODES.map((node) => `id-${node}`).join(" ")}`),
    );
    expect(dependsOn).toEqual(MEMBERS);
  });

  test("lets every node come back while any other is away", () => {
    // Whatever a join waits for is about its own machine, or about none.
    for (const node of NODES) {
      const first = waitsFor(dev, `swarm-${node}-join`);
      expect(first).toEqual([`swarm-${node}-ready`, "swarm-ingress"]);
    }
    for (const name of ["swarm-init", "swarm-tokens", "swarm-ingress-attached"]) {
      const nodes = waitsFor(dev, name).filter((one) => /mg|worker/.test(one));
      expect([name, nodes]).toEqual([name, []]);
    }
  });

  test("goes with its machines in a destroy: nothing in it is removed on its own", () => {
    const alone = ["service", "network", "attached", "password"];
    const inSwarm = dev.resources.filter(
      ({ name }) =>
        /^(swarm|services)-/.test(name) && alone.some((end) => name.endsWith(`-${end}`)),
    );
    expect(inSwarm.map(({ name }) => name).sort()).toEqual([
      "services-portainer-password",
      "services-portainer-service",
      "services-web-service",
      "swarm-ingress-attached",
      "swarm-ingress-network",
    ]);
    const members = MEMBERS.map((name) => resource(dev, name));
    for (const { opts } of [...inSwarm, ...members]) {
      expect(nameOf(opts.deletedWith)).toBe("swarm-init");
    }
  });

  test("knows its nodes by the configured labels and availability", async () => {
    const config = { nodeLabels: "worker:disk=hdd,worker1:disk=ssd", drainedNodes: "worker1" };
    const after = await up({ ...config, workers: "2" });
    const createOf = (node: string) => resource(after, `swarm-${node}-member`).inputs.create;
    expect(createOf("worker0")).toContain(" 192.168.42.20 active disk");
    expect(createOf("worker1")).toMatch(/ 192\.168\.42\.21 drain disk.*ssd/);
    expect(createOf("mg0")).toContain(" 192.168.42.10 active swarm.address\\=192.168.123.10'");
    expect((await resolve(after.outputs.nodes)).value).toContainEqual(
      expect.objectContaining({ name: "worker1", availability: "drain", labels: ["disk=ssd"] }),
    );
  });

  test("is not started again, nor asked for its tokens, when its first manager is new", async () => {
    const after = await up(
      {},
      {
        outputs: (type: string, name: string, inputs: unknown) =>
          name === "mg0-host-key"
            ? { publicKeyOpenssh: "ssh-ed25519 AAAAnew\n", privateKeyOpenssh: "new" }
            : outputs(type, name, inputs),
      },
    );
    expect(keys(after)).toEqual(keys(dev));
    const scripts = changed(dev, after).filter((name) => name.startsWith("swarm-"));
    // What runs on the first manager itself, without `init`.
    expect(scripts).toEqual(["swarm-mg0-api", "swarm-mg0-join", "swarm-mg0-ready"]);
    expect(resource(dev, "swarm-init").opts.ignoreChanges).toEqual([
      "connection",
      "create",
      "stdin",
    ]);
  });
});

describe("a swarm with autolock", () => {
  const locked = () => up({ ...SMALL, autolock: "true" });

  test("has a key that is secret, and goes with the swarm", async () => {
    const after = await locked();
    const { inputs, opts } = resource(after, "swarm-autolock");
    expect(inputs.create).toBe(onManager("any", "bash -s -- true"));
    expect(inputs.delete).toBe(onManager("any", "bash -s -- false"));
    expect(nameOf(opts.deletedWith)).toBe("swarm-init");
    expect(await resolve(after.outputs.unlockKey)).toEqual({ value: "SWMKEY-1-key", secret: true });
  });

  test("has every up bring the key to each manager, and no preview", async () => {
    const brought = () =>
      jest
        .mocked(runOnManager)
        .mock.calls.map(([run]) => run)
        .filter(({ script }) => script === "swarm/unlock");
    jest.mocked(runOnManager).mockClear();
    mockRun.mockClear();
    await up({ autolock: "true" }, { preview: true });
    expect(brought()).toEqual([]);
    await up({ autolock: "true" });
    expect(brought().map(({ manager }) => manager)).toEqual(["mg0", "mg1", "mg2"]);
    expect(mockRun.mock.calls).toEqual(Array(3).fill([{ UNLOCK_KEY: "SWMKEY-1-key" }]));
  });

  test("brings the key to managers when their engines restart in turns", async () => {
    const { inputs, shown } = resource(await locked(), "swarm-engines");
    expect(inputs.stdin).toContain("UNLOCK_KEY=SWMKEY-1-key\n");
    expect(shown.stdin).toBe("[secret]");
  });
});

describe("a swarm that is restored", () => {
  const BACKUP = "20260102T030405Z-mg1";
  const restored = () => up({ restore: BACKUP, restoreUnlockKey: "SWMKEY-1-old" });

  test("has that done on the manager that the backup is of, before anybody is asked for anything", async () => {
    const after = await restored();
    const { inputs, opts } = resource(after, `swarm-restore-${BACKUP}`);
    expect(inputs).toMatchObject({
      connection: { host: "192.168.123.11" },
      create: `bash -s -- 900 192.168.42.11 192.168.42.19 /srv/swarm backups/dev ${BACKUP}`,
    });
    expect(inputs).not.toHaveProperty("triggers");
    expect(opts.ignoreChanges).toEqual(["connection", "create", "stdin"]);
    expect(resource(after, "swarm-init").dependsOn).toEqual([`swarm-restore-${BACKUP}`]);
  });

  describe("looks at every manager before, and", () => {
    const begin = async (answer: string) => {
      const after = await up({ restore: BACKUP });
      const [hook] = resource(after, `swarm-restore-${BACKUP}`).opts.hooks!.beforeCreate!;
      mockRun.mockResolvedValue(answer);
      await (hook as pulumi.ResourceHook).callback({} as never);
    };
    afterEach(() => mockRun.mockReset().mockResolvedValue(""));

    test("is refused while one has a leader", async () => {
      await expect(begin("active yes \n")).rejects.toThrow(
        "nothing was restored: the manager mg0 is in a swarm with a leader",
      );
    });

    test("is refused while one is locked", async () => {
      await expect(begin("locked no \n")).rejects.toThrow("the manager mg0 is locked");
    });

    test("goes on when none has a leader", async () => {
      await begin("active no \n");
      await begin("none no \n");
    });
  });

  test("opens the backup with the stack's key, or with the one of another that made it", async () => {
    const key = async (config: Record<string, string>) => {
      const after = await up({ restore: BACKUP, ...config });
      const { inputs, shown } = resource(after, `swarm-restore-${BACKUP}`);
      expect(shown.stdin).toBe("[secret]");
      return inputs.stdin;
    };
    expect(await key({})).toMatch(/^BACKUP_KEY='[^']*\nbackups-key\n/);
    const folder = mkdtempSync(join(tmpdir(), "restore-key-"));
    const restoreKeyFile = join(folder, "key");
    writeFileSync(restoreKeyFile, "-----BEGIN OPENSSH PRIVATE KEY-----\nformer\n");
    expect(await key({ restoreKeyFile })).toMatch(/^BACKUP_KEY='[^']*\nformer'/);
    rmSync(folder, { recursive: true });
  });

  test("asks for its tokens again, and has its nodes look whether they are in it", async () => {
    const scripts = changed(dev, await restored());
    expect(scripts).toEqual(
      [
        ...["mg0", "mg1", "mg2", "worker0", "worker1", "worker2"].map(
          (name) => `swarm-${name}-join`,
        ),
      ]
        .concat("swarm-tokens")
        .sort(),
    );
  });
});

describe("a stack whose SSH key was replaced", () => {
  test("has its machines let in the new key, before anything logs in with it", async () => {
    const after = await up({ sshKeyRotation: "1" });
    const { inputs, shown } = resource(after, "login-worker1");
    expect(inputs).toMatchObject({
      create: "bash -s -- 900 root 192.168.123.21",
      triggers: ["uuid-worker1-domain"],
    });
    expect(inputs.stdin).toContain("PUBLIC_KEY='ssh-ed25519 AAAAlogin-1\n'");
    expect(shown.stdin).toBe("[secret]");
    const { privateKey } = resource(after, "swarm-worker1-ready").inputs.connection as {
      privateKey: string;
    };
    expect(privateKey).toContain("\nlogin-1\n");
    expect((await resolve(after.outputs.sshPrivateKey)).value).toContain("\nlogin-1\n");
  });

  test("replaces no machine", async () => {
    const after = await up({ sshKeyRotation: "1" });
    const others = changed(dev, after).filter((name) => !/^swarm-.*-(ready|join|api)$/.test(name));
    // What logs in by itself does so with the new key; none of it is replaced for that.
    expect(others).toEqual(["backups-mg0", "backups-mg1", "backups-mg2", "volumes-export"]);
  });

  test("keeps the key before it, with which machines are reached once more", async () => {
    const after = await up({ ...SMALL, sshKeyRotation: "5" });
    const logins = keys(after).filter((name) => / login/.test(name));
    expect(logins).toEqual([
      "command:local:Command login-mg0 login",
      "swarm:remote:LoginKey login -",
      "tls:index/privateKey:PrivateKey login-4 login",
      "tls:index/privateKey:PrivateKey login-5 login",
    ]);
    const { stdin } = resource(after, "login-mg0").inputs;
    expect(stdin).toMatch(/FORMER='[^']*\nlogin-4\n'/);
    expect(stdin).toMatch(/FIRST='[^']*\naccess\n'/);
  });
});

describe("backups", () => {
  test("are made by every manager, when the config says so, once the storage is there", () => {
    const { inputs } = resource(dev, "backups-mg1");
    expect(inputs.create).toBe(
      "bash -s -- daily 192.168.42.19 /srv/swarm backups/dev 14 'ssh-ed25519 AAAAbackups-key'",
    );
    expect(inputs.stdin).toContain("swarm-backup list: prints the names");
    expect(waitsFor(dev, "backups-mg1")).toContain("volumes");
  });

  test("are encrypted to a key of the stack, of which the nodes have the public half", async () => {
    expect(resource(dev, "backups-key").inputs).toMatchObject({ algorithm: "ED25519" });
    expect(await resolve(dev.outputs.backupKey)).toEqual({
      value: expect.stringContaining("\nbackups-key\n"),
      secret: true,
    });
    const { inputs } = resource(dev, "backups-mg1");
    expect(JSON.stringify(inputs).replace(/"connection".*?\}/, "")).not.toContain("PRIVATE KEY");
  });

  test("need storage", () => {
    expect(small.resources.filter(({ name }) => name.startsWith("backups-"))).toEqual([]);
  });
});

describe("secrets", () => {
  test.each([
    ["managerJoinToken", "SWMTKN-1-manager"],
    ["workerJoinToken", "SWMTKN-1-worker"],
    ["sshPrivateKey", "-----BEGIN OPENSSH PRIVATE KEY-----\naccess\n"],
    ["key", "-----BEGIN EC PRIVATE KEY-----\napi-client-key\n"],
    ["portainerPassword", "open sesame"],
    ["externalPortainerPassword", ""],
    ["monitoringPassword", ""],
    ["unlockKey", ""],
    ["backupKey", "-----BEGIN OPENSSH PRIVATE KEY-----\nbackups-key\n"],
  ])("include the output %s", async (name, value) => {
    expect(await resolve(dev.outputs[name])).toEqual({ value, secret: true });
  });

  test("include no other output, and are in none", async () => {
    const { managerJoinToken, workerJoinToken, sshPrivateKey, key, ...others } = dev.outputs;
    const { portainerPassword, externalPortainerPassword, ...more } = others;
    const { monitoringPassword, unlockKey, backupKey, ...plain } = more;
    expect([
      ...[managerJoinToken, workerJoinToken, sshPrivateKey, key, backupKey],
      ...[portainerPassword, externalPortainerPassword, monitoringPassword, unlockKey],
    ]).not.toContain(undefined);
    for (const [name, output] of Object.entries(plain)) {
      const { value, secret } = await resolve(output);
      expect([name, secret]).toEqual([name, false]);
      expect(JSON.stringify(value)).not.toMatch(SECRETS);
    }
  });

  test("include what joins a node, in whose stdin its role's token is", () => {
    for (const [node, token] of [
      ["mg1", "SWMTKN-1-manager"],
      ["worker1", "SWMTKN-1-worker"],
    ]) {
      const join = resource(dev, `swarm-${node}-join`);
      expect(join.inputs.stdin).toContain(`JOIN_TOKEN=${token}\n`);
      expect(join.shown.stdin).toBe("[secret]");
    }
  });

  test.each([
    ["of a join token", /SWMTKN/, "swarm-mg1-join"],
    ["of an SSH key", /OPENSSH PRIVATE KEY/, "swarm-mg1-join"],
    ["of a manager's key for the API", /EC PRIVATE KEY/, "swarm-mg1-api"],
    ["of the key of the CA", /EC PRIVATE KEY/, "api-mg1"],
    ["of Portainer's password", /open sesame/, "services-portainer-password"],
  ])("include every input that is made %s", (_, secret, name) => {
    const { inputs, shown } = resource(dev, name);
    expect(JSON.stringify(inputs)).toMatch(secret);
    expect(JSON.stringify(shown)).not.toMatch(secret);
  });

  test("are not visible in any input", async () => {
    const all = await up({ externalPortainer: "true", composeFile: COMPOSE_FILE });
    expect(JSON.stringify(all.resources.map(({ inputs }) => inputs))).toMatch(SECRETS);
    expect(JSON.stringify(all.resources.map(({ shown }) => shown))).not.toMatch(SECRETS);
  });

  test("are not logged by the step that reads the tokens", () => {
    const { inputs, opts } = resource(dev, "swarm-tokens");
    expect(inputs.logging).toBe("none");
    expect(opts.additionalSecretOutputs).toContain("stdout");
  });
});

describe("the outputs", () => {
  test("name every node with its role, its addresses and its ID in the swarm", async () => {
    const { value } = await resolve(dev.outputs.nodes);
    expect(value).toHaveLength(6);
    expect(value).toContainEqual({
      name: "worker0",
      role: "worker",
      ingressAddress: "192.168.123.20",
      advertiseAddress: "192.168.42.20",
      id: "id-worker0",
      availability: "active",
      labels: [],
    });
  });

  test("name the networks that were made", async () => {
    expect((await resolve(dev.outputs.networkIds)).value).toEqual({
      "docker-network": "uuid-network-nat",
      "docker-machines": "uuid-network-internal",
    });
  });

  test("say how engines are configured, as the nodes get it", async () => {
    const { value } = await resolve(dev.outputs.engines);
    const engines = value as Record<string, object>;
    const machines = { mg0: "manager", mg2: "manager", worker1: "worker" };
    for (const [name, role] of Object.entries(machines)) {
      const text = quote([`${JSON.stringify(engines[role], null, 2)}\n`]);
      expect(resource(dev, `swarm-${name}-ready`).inputs.stdin).toContain(
        `ENGINE_CONFIG=${text}\n`,
      );
    }
  });

  test("say what each machine lets in, and what is for administrators", async () => {
    const after = await up({ ...SMALL, storage: "machine", adminCidrs: "192.168.123.1/32" });
    const { value } = await resolve(after.outputs.firewall);
    expect(Object.keys(value as object)).toEqual(["mg0", "storage"]);
    expect((value as Record<string, Opening[]>).mg0).toContainEqual({
      ...{ protocol: "tcp", ports: [22], from: ["0.0.0.0/0"] },
      to: "192.168.123.10",
    });
    expect((await resolve(after.outputs.adminPorts)).value).toEqual({
      ports: [9000],
      from: ["192.168.123.1/32"],
    });
  });

  test("say what the compose file has in it", async () => {
    const after = await up({ ...SMALL, composeFile: COMPOSE_FILE });
    expect((await resolve(after.outputs.composePlan)).value).toEqual([
      { name: "web", image: "nginx:1.28.0-alpine", publish: ["8081/tcp"] },
    ]);
    expect((await resolve(small.outputs.composePlan)).value).toEqual([]);
  });

  test("say what each machine's firewall lets in, the storage machine's too", async () => {
    const firewall = (await resolve(dev.outputs.firewall)).value as Record<string, Opening[]>;
    expect(Object.keys(firewall)).toEqual([
      ...["mg0", "mg1", "mg2", "worker0", "worker1", "worker2", "storage"],
    ]);
    const inside = { from: ["192.168.42.0/24"], to: "192.168.42.19" };
    expect(firewall.storage).toEqual([
      { protocol: "icmp", ports: [], from: ["0.0.0.0/0"], to: "0.0.0.0/0" },
      { protocol: "tcp", ports: [22], from: ["0.0.0.0/0"], to: "192.168.123.19" },
      { protocol: "tcp", ports: [2049], ...inside },
    ]);
  });

  test("say how to log in, and what host keys to expect", async () => {
    expect((await resolve(dev.outputs.ssh)).value).toMatchObject({
      mg0: "ssh -F .cache/ssh/dev/config mg0",
    });
    expect((await resolve(dev.outputs.sshKnownHosts)).value).toContain(
      "192.168.123.10 ssh-ed25519 AAAAmg0-host-key",
    );
  });
});

describe("a change of the config", () => {
  test("to more nodes adds resources, and leaves the machines alone that are there", async () => {
    const after = await up({ managers: "5", workers: "4" });
    expect(keys(after)).toEqual(expect.arrayContaining(keys(dev)));
    const added = after.resources.filter((one) => !keys(dev).includes(key(one)));
    const components = added.filter((one) => COMPONENT.test(one.type)).map(({ name }) => name);
    expect(components.sort()).toEqual(["mg3", "mg4", "worker3"]);
    for (const { name } of added) expect(name).toMatch(/\b(mg3|mg4|worker3)\b/);
    // No node joins again, and none is looked after by another manager than before.
    expect(changed(dev, after)).toEqual(["swarm-size", "volumes-export"]);
  });

  test.each([
    ["natNetworkExists", "network-nat"],
    ["internalNetworkExists", "network-internal"],
  ])("to %s makes no such network, and uses the one that is there", async (name, network) => {
    const after = await up({ ...SMALL, [name]: "true" });
    expect(keys(small).filter((one) => !keys(after).includes(one))).toEqual([
      `libvirt:index/network:Network ${network} network`,
    ]);
    expect(changed(small, after)).toEqual([]);
  });
});

describe("a wrong config", () => {
  test("is refused with all that is wrong in it before anything is registered", async () => {
    const config = { managers: "2", workers: "many", memoryMiB: "8", colour: "red" };
    const { message, registered } = await refused(config);
    for (const name of Object.keys(config)) expect(message).toContain(`${name}: `);
    expect(registered).toEqual([]);
  });

  test("of an image that is not there is refused before libvirt is asked for anything", async () => {
    const { message, registered } = await refused({ image: "/no/such.qcow2" });
    expect(message).toContain("there is no file /no/such.qcow2");
    expect(registered).toEqual([]);
  });

  test.each(["", "QFI", "a raw image"])(
    "of an image that is no qcow2 is, too (%j)",
    async (text) => {
      const raw = join(folder, "image.raw");
      writeFileSync(raw, text);
      const { message, registered } = await refused({ image: raw });
      expect(message).toContain(`${raw} is not in qcow2 format`);
      expect(registered).toEqual([]);
    },
  );
});

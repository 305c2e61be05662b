import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Resource } from "@pulumi/pulumi";
import {
  changed,
  COMPONENT,
  COMPOSE_FILE,
  folder,
  key,
  keys,
  onManager,
  QCOW2,
  refused,
  resource,
  SMALL,
  up,
  upAnew,
  useFolder,
} from "../graphRun";
import { nameOf, resolve, type Registration, type Run } from "../harness";

/** Every service, and storage by an NFS server that is there. */
const ALL = {
  web: "true",
  portainer: "true",
  portainerMode: "agent",
  visualizer: "true",
  overlayCheck: "true",
  dnsCache: "true",
  composeFile: COMPOSE_FILE,
  externalPortainer: "true",
};
const NONE = { web: "false", portainer: "false" };
const NFS = { storage: "nfs", nfsServer: "192.168.42.1", nfsExport: "/srv/data" };

/** Three managers and nothing else. */
const MANAGERS = ["mg0", "mg1", "mg2"];
const THREE = { ...SMALL, managers: "3" };

/** The stack `dev`. */
let dev: Run;
/** Its services on three managers, and on one node. */
let three: Run;
let one: Run;
/** All services on one node, and none. */
let all: Run;
let none: Run;

jest.setTimeout(30_000); // enough for a machine that does other things too

useFolder();
beforeAll(async () => {
  dev = await up();
  three = await up(THREE);
  one = await up(SMALL);
  all = await up({ ...SMALL, ...ALL });
  none = await up({ ...SMALL, ...NONE });
});

/** Names of the resources that one run has and the other does not, without components. */
function added(before: Run, after: Run): string[] {
  const known = keys(before);
  return after.resources
    .filter((one) => !known.includes(key(one)) && !COMPONENT.test(one.type))
    .map(({ name }) => name)
    .sort();
}

/** An image with another content than that of the other runs. */
function otherImage(): string {
  const file = join(folder, "other.qcow2");
  writeFileSync(file, Buffer.concat([QCOW2, Buffer.from("another")]));
  return file;
}

const replaceWith = (run: Run, name: string) =>
  (resource(run, name).opts.replaceWith ?? []).map((one: Resource) => nameOf(one));

/** What a service consists of. */
const service = (name: string) =>
  ["", "-image", "-removal"].map((part) => `services-${name}-service${part}`);

describe("a service", () => {
  const PORTAINER = [
    "services-portainer-admin",
    "services-portainer-password",
    "services-portainer-service",
    "services-portainer-service-image",
    "services-portainer-service-removal",
  ];
  const AGENT = [
    "services-portainer-agent",
    "services-portainer-agent-image",
    "services-portainer-agent-key",
    "services-portainer-agent-removal",
    "services-portainer-agent-secret",
    "services-portainer-network",
  ];

  test.each<[what: string, config: Record<string, string>, resources: string[]]>([
    ["web", { web: "true" }, service("web")],
    ["portainer", { portainer: "true" }, PORTAINER],
    [
      "portainer with agents",
      { portainer: "true", portainerMode: "agent" },
      [...PORTAINER, ...AGENT].sort(),
    ],
    ["visualizer", { visualizer: "true" }, service("visualizer")],
    [
      "overlayCheck",
      { overlayCheck: "true" },
      ["services-over-test-network", ...service("over-test")],
    ],
    ["dnsCache", { dnsCache: "true" }, ["services-dns-cache-config", ...service("dns-cache")]],
    ["composeFile", { composeFile: COMPOSE_FILE }, ["services-compose-deploy"]],
    [
      "externalPortainer",
      { externalPortainer: "true" },
      [
        "services-external-portainer-admin",
        "services-external-portainer-container",
        "services-external-portainer-data",
        "services-external-portainer-docker",
        "services-external-portainer-image",
      ],
    ],
  ])("is what %s switches on, and nothing else", async (_, config, resources) => {
    const after = await up({ ...SMALL, ...NONE, ...config });
    expect(added(none, after)).toEqual(resources);
    expect(changed(none, after)).toEqual([]);
    expect(added(after, none)).toEqual([]);
  });

  test("is there for every switch at once, too", () => {
    expect(added(none, all)).toHaveLength(31);
    expect(changed(none, all)).toEqual([]);
  });

  test("starts once all nodes are members and no engine has to restart any more", () => {
    expect(resource(dev, "services").dependsOn).toEqual([
      ...["mg0", "mg1", "mg2", "worker0", "worker1", "worker2"].map((n) => `swarm-${n}-member`),
      ...["mg0", "mg1", "mg2"].map((n) => `swarm-${n}-api`),
      ...["swarm-engines", "swarm-ingress"],
      "volumes",
    ]);
  });

  test("that is Portainer or its agent has the secret of both, and a single Portainer none", () => {
    const portainer = resource(all, "services-portainer-service");
    const agent = resource(all, "services-portainer-agent");
    const file = resource(all, "services-portainer-agent-secret");
    expect(portainer.inputs).toMatchObject({
      taskSpec: { containerSpec: { env: { AGENT_SECRET: "open sesame" } } },
    });
    expect(agent.inputs).toMatchObject({
      taskSpec: {
        containerSpec: {
          args: ["@/run/secrets/portainer-agent"],
          secrets: [{ fileName: "/run/secrets/portainer-agent" }],
        },
      },
    });
    expect(file.inputs.stdin).toMatch(/CONTENT=.*--secret.?=open.*sesame/);
    const shown = [portainer, agent, file].map((one) => one.shown);
    expect(JSON.stringify(shown)).not.toContain("sesame");
    expect(JSON.stringify(resource(dev, "services-portainer-service").inputs)).not.toContain(
      "AGENT_SECRET",
    );
  });

  const isService = ({ type }: Registration) => type === "docker:index/service:Service";

  test("that publishes a port goes and comes back with the ingress network", () => {
    const services = all.resources.filter(isService);
    const publish = services.filter(({ inputs }) => "endpointSpec" in inputs);
    expect(publish.map(({ name }) => name).sort()).toEqual([
      "services-dns-cache-service",
      "services-portainer-service",
      "services-visualizer-service",
      "services-web-service",
    ]);
    for (const { name } of services) {
      const { triggers } = resource(all, `${name}-removal`).inputs as { triggers: string[] };
      const published = publish.some((one) => one.name === name);
      expect([name, triggers.includes("swarm-ingress-network-id")]).toEqual([name, published]);
    }
    expect(services.length).toBeGreaterThan(publish.length);
  });

  test("goes before the networks that it is on, and its secrets and configs", () => {
    const removal = (name: string) => resource(all, `services-${name}-removal`);
    expect(removal("over-test-service").inputs.triggers).toEqual(["services-over-test-network-id"]);
    expect(removal("portainer-agent").inputs.triggers).toEqual(["services-portainer-network-id"]);
    expect(removal("portainer-service").dependsOn).toContain("services-portainer-password");
    expect(removal("portainer-agent").dependsOn).toContain("services-portainer-agent-secret");
    expect(removal("dns-cache-service").dependsOn).toContain("services-dns-cache-config");
  });

  test("is taken away by its script and not by the provider, however often", () => {
    for (const { name, inputs, opts, dependsOn } of all.resources.filter(isService)) {
      expect(opts).toMatchObject({ retainOnDelete: true, deleteBeforeReplace: true });
      expect([replaceWith(all, name), dependsOn]).toEqual([
        [`${name}-removal`],
        [`${name}-removal`],
      ]);
      expect(resource(all, `${name}-removal`).inputs).toMatchObject({
        delete: onManager("any", `bash -s -- remove ${inputs.name as string}`),
      });
      expect(resource(all, `${name}-removal`).inputs).not.toHaveProperty("create");
    }
  });

  test("and a network can be made where an up that was killed left one, and tries again", () => {
    const made = all.resources.filter(({ type }) => type.startsWith("docker:"));
    const hooks = made.filter(({ provider }) => provider === "swarm-provider");
    expect(hooks.length).toBeGreaterThan(8);
    for (const { name, opts } of hooks) {
      expect([opts.hooks?.beforeCreate, opts.hooks?.onError]).toMatchObject([
        [{ name: `${name}-make-room` }],
        [{ name: `${name}-try-again` }],
      ]);
      expect(opts.hooks).not.toHaveProperty("beforeDelete"); // would make destroy ask for more
    }
  });

  test("and a network say whose they are, without a change of networks that did not", () => {
    const own = [{ label: "swarm.stack", value: "dev" }];
    const made = all.resources.filter(({ provider }) => provider === "swarm-provider");
    for (const { inputs } of made) expect(inputs.labels).toEqual(own);
    const networks = made.filter(({ type }) => type === "docker:index/network:Network");
    expect(networks.map(({ name }) => name).sort()).toEqual([
      "services-over-test-network",
      "services-portainer-network",
      "swarm-ingress-network",
    ]);
    for (const { opts } of networks) expect(opts.ignoreChanges).toEqual(["options", "labels"]);
  });

  test("of a compose file does so as well", () => {
    expect(replaceWith(all, "services-compose-deploy")).toEqual(["swarm-ingress-network"]);
  });

  test.each([
    ["80:80", { mode: "ingress", protocol: "tcp", published: 80, target: 80 }],
    ["host:5353:53/udp", { mode: "host", protocol: "udp", published: 5353, target: 53 }],
  ])("publishes %s as it is written", async (webPublish, port) => {
    const after = await up({ ...SMALL, webPublish, webReplicas: "1" });
    expect(resource(after, "services-web-service").inputs.endpointSpec).toMatchObject({
      ports: [
        {
          publishMode: port.mode,
          protocol: port.protocol,
          publishedPort: port.published,
          targetPort: port.target,
        },
      ],
    });
  });

  test.each<[name: string, value: string, touched: string[]]>([
    ["webReplicas", "5", ["services-web-service"]],
    ["webImage", "nginx:1.29.0-alpine", ["services-web-service", "services-web-service-image"]],
    ["webPublish", "8888:80", ["services-web-service", "services-web-service-removal"]],
    [
      "portainerPublish",
      "9999:9000",
      ["services-portainer-service", "services-portainer-service-removal"],
    ],
    ["serviceTimeoutSeconds", "700", ["services-portainer-service", "services-web-service"]],
  ])("is the only thing that a change of %s touches", async (name, value, touched) => {
    const after = await up({ ...SMALL, [name]: value });
    expect(keys(after)).toEqual(keys(one));
    expect(changed(one, after)).toEqual(touched);
  });

  test("runs its image as the registry has it at that moment, by digest", () => {
    expect(resource(one, "services-web-service-image").inputs).toMatchObject({
      create: onManager("any", "bash -s -- nginx\\:1.28.0-alpine"),
    });
    expect(resource(one, "services-web-service").inputs).toMatchObject({
      taskSpec: { containerSpec: { image: expect.stringMatching(/^image@sha256:/) } },
    });
  });

  test("is made anew when a port that it publishes changes, and not for more replicas", async () => {
    const spec = (run: Run) => resource(run, "services-web-service").inputs.endpointSpec;
    const more = await up({ ...SMALL, webPublish: "80:80,8085:80" });
    expect(spec(more)).not.toEqual(spec(one));
    expect(spec(await up({ ...SMALL, webReplicas: "5" }))).toEqual(spec(one));
    const triggers = (run: Run) => resource(run, "services-web-service-removal").inputs.triggers;
    expect(triggers(more)).not.toEqual(triggers(one));
  });
});

describe("a service that is autoscaled", () => {
  const SCALED = {
    ...{ monitoring: "true", autoscaling: "true" },
    ...{ webAutoscale: "max=5,min=2,cpu=50", webCpus: "0.25" },
  };
  let scaled: Run;
  beforeAll(async () => {
    scaled = await up({ ...SMALL, ...SCALED });
  });
  const web = (run: Run) => resource(run, "services-web-service");
  const given = (run: Run) => resource(run, "services-web-service-update").inputs;
  const of = (names: string[]) => names.filter((name) => name.startsWith("services-web"));

  test("is made with the fewest replicas, and with labels that say the rest", () => {
    expect(web(scaled).inputs).toMatchObject({
      mode: { replicated: { replicas: 2 } },
      labels: [
        { label: "swarm.autoscale.min", value: "2" },
        { label: "swarm.autoscale.max", value: "5" },
        { label: "swarm.autoscale.cpu", value: "50" },
        { label: "swarm.stack", value: "dev" },
        { label: "swarm.task", value: expect.stringMatching(/^[0-9a-f]{12}$/) },
        { label: "swarm.spec", value: expect.stringMatching(/^[0-9a-f]{12}$/) },
      ],
      taskSpec: {
        resources: { limits: { nanoCpus: 25e7 }, reservation: { nanoCpus: 25e7 } },
      },
    });
  });

  test("is then left alone by the provider, which would set its replicas", () => {
    expect(web(scaled).opts.ignoreChanges).toEqual([
      ...["taskSpec", "mode", "labels", "updateConfig", "rollbackConfig"],
    ]);
    expect(web(one).opts.ignoreChanges ?? []).toEqual([]);
  });

  test("is the provider's own again when it is switched off, by an input that it looks at", () => {
    expect(web(scaled).inputs).toHaveProperty("convergeConfig.delay", "3s");
    expect(web(one).inputs).toHaveProperty("convergeConfig.delay", "2s");
  });

  test("loses the autoscaler's labels then, since it has another one: the provider keeps all for none", () => {
    for (const run of [one, dev]) {
      const services = run.resources.filter(({ type }) => type === "docker:index/service:Service");
      expect(services.length).toBeGreaterThan(0);
      for (const { inputs } of services) {
        expect(inputs.labels).toEqual([{ label: "swarm.stack", value: "dev" }]);
      }
    }
  });

  test("is changed by a script on a manager, with the spec over stdin", () => {
    expect(given(scaled)).toMatchObject({
      create: onManager("any", "bash -s -- update web 600 2 5"),
      triggers: ["services-web-service-id"],
    });
    const [label] = (web(scaled).inputs.labels as { label: string; value: string }[]).slice(-1);
    expect(given(scaled).stdin).toContain(`SPEC_ID=${label!.value}\n`);
    expect(resource(scaled, "services-web-service-update").dependsOn).toContain(
      "services-web-service",
    );
  });

  test("adds that script, and nothing else of it", () => {
    expect(of(added(one, scaled))).toEqual(["services-web-service-update"]);
    expect(of(changed(one, scaled))).toEqual(["services-web-service"]);
  });

  test.each<[key: string, value: string]>([
    ["webAutoscale", "max=6,min=2,cpu=50"],
    ["webImage", "nginx:1.29.0-alpine"],
    ["webCpus", "0.5"],
  ])("has the script run again for another %s", async (key, value) => {
    const after = await up({ ...SMALL, ...SCALED, [key]: value });
    expect(given(after).stdin).not.toEqual(given(scaled).stdin);
  });

  test("has nothing run again for another number of replicas", async () => {
    expect(changed(scaled, await up({ ...SMALL, ...SCALED, webReplicas: "9" }))).toEqual([]);
  });
});

describe("the ingress network", () => {
  const NODES = ["mg0", "mg1", "mg2", "worker0", "worker1", "worker2"];

  test("is made as configured, and before any node joins", () => {
    expect(resource(dev, "swarm-ingress-network").inputs).toMatchObject({
      name: "my-ingress",
      driver: "overlay",
      ingress: true,
      ipamConfigs: [{ subnet: "10.11.0.0/16", gateway: "10.11.0.2" }],
      options: { "com.docker.network.driver.mtu": "1200", encrypted: "" },
    });
    for (const node of NODES) {
      expect(resource(dev, `swarm-${node}-join`).dependsOn).toContain("swarm-ingress");
    }
  });

  test("is brought into the nodes that are there, and seen off, each time that it is a new one", () => {
    const { inputs } = resource(dev, "swarm-ingress-attached");
    expect(inputs).toMatchObject({
      create: onManager("any", "bash -s -- attach 300 swarm-ingress-network-id"),
      delete: onManager("any", "bash -s -- remove 300 swarm-ingress-network-id"),
      triggers: ["swarm-ingress-network-id"],
    });
  });

  test.each([
    ["ingressMtu", "1100"],
    ["ingressEncrypted", "false"],
  ])("is replaced when %s changes, which is one of its options", async (name, value) => {
    const after = await up({ ...SMALL, [name]: value });
    expect(changed(one, after)).toEqual(["swarm-ingress-network"]);
    const trigger = (run: Run) => resource(run, "swarm-ingress-network").opts.replacementTrigger;
    expect(trigger(after)).not.toBe(trigger(one));
  });

  test.each([
    [{ ingressName: "other-ingress" }],
    [{ ingressSubnet: "10.12.0.0/16", ingressGateway: "10.12.0.2" }],
  ])("alone changes with %j", async (config) => {
    expect(changed(one, await up({ ...SMALL, ...config }))).toEqual(["swarm-ingress-network"]);
  });
});

describe("docker_gwbridge", () => {
  test.each([
    ["gwbridgeSubnet", "172.19.0.0/16"],
    ["gwbridgeIcc", "true"],
    ["gwbridgeMasquerade", "false"],
    ["gwbridgeMtu", "1400"],
  ])("takes new nodes when %s changes", async (name, value) => {
    // On a NAT network that exists, where containers may have addresses of their own.
    const routed = { ...THREE, natNetworkExists: "true" };
    const before = await up(routed);
    const after = await up({ ...routed, [name]: value });
    expect(keys(after)).toEqual(keys(before));
    for (const node of MANAGERS) {
      for (const volume of [`${node}-disk`, `${node}-seed`]) {
        expect(resource(after, volume).inputs.name).not.toBe(resource(before, volume).inputs.name);
      }
      expect(changed(before, after)).toContain(`${node}-domain`);
    }
  });
});

describe("the API", () => {
  test("is brought to the managers side by side, once all nodes are members", () => {
    const members = resource(dev, "swarm-size").dependsOn;
    expect(members).toHaveLength(6);
    for (const name of MANAGERS) {
      expect(resource(dev, `swarm-${name}-api`).dependsOn).toEqual(members);
    }
  });

  test("has each manager's own material", () => {
    for (const name of MANAGERS) {
      const { stdin } = resource(dev, `swarm-${name}-api`).inputs;
      expect(stdin).toContain(`certificate api-${name} `);
      expect(stdin).toContain(`api-${name}-key\n`);
    }
  });

  test.each([
    [{}, "tcp://192.168.42.10:2376"],
    [{ apiOutside: "true" }, "tcp://192.168.123.10:2376"],
  ])("is where the config says: %j", async (config, url) => {
    const after = await up({ ...THREE, ...config });
    expect(await resolve(after.outputs.dockerHost)).toEqual({ value: url, secret: false });
  });

  test("is not what this program uses: it takes whichever manager answers to SSH", () => {
    expect(resource(dev, "swarm-provider").inputs).toMatchObject({
      host: "ssh://root@swarm-any",
      sshOpts: JSON.stringify(["-F", ".cache/ssh/dev/config"]),
    });
  });

  test("opened to the outside changes managers' firewalls, and no machine", async () => {
    expect(changed(three, await up({ ...THREE, apiOutside: "true" }))).toEqual(
      MANAGERS.map((name) => `swarm-${name}-ready`),
    );
  });

  test.each([
    ["certificateDays", "730"],
    ["certificateRenewDays", "60"],
  ])("changes with %s in its certificates, and in no machine", async (name, value) => {
    const after = await up({ ...THREE, [name]: value });
    expect(changed(three, after)).toEqual(
      [
        ...["api-ca", "api-client", ...MANAGERS.map((name) => `api-${name}`)],
        ...MANAGERS.map((name) => `swarm-${name}-api`),
      ].sort(),
    );
    // The seeds have the certificates in them, which counts at a machine's first boot only.
    expect(resource(three, "mg0-seed").opts.ignoreChanges).toEqual(["create"]);
  });
});

describe("what is made by Docker", () => {
  const providerOf = ({ provider, name }: { provider: string | undefined; name: string }) =>
    `${name.startsWith("services-external-portainer-") ? "outside" : "inside"}: ${provider}`;

  test("is in the swarm, but for the Portainer outside it", () => {
    const made = all.resources.filter(({ type }) => type.startsWith("docker:"));
    expect(new Set(made.map(providerOf))).toEqual(
      new Set(["inside: swarm-provider", "outside: services-external-portainer-docker"]),
    );
  });

  test("outside is removed on its own when the stack is destroyed", () => {
    const outside = all.resources.filter(
      ({ provider }) => provider === "services-external-portainer-docker",
    );
    expect(outside).toHaveLength(3);
    for (const { opts } of outside) expect(nameOf(opts.deletedWith)).toBeUndefined();
  });

  test("outside is on the operator's own Docker, and has the client's certificate", async () => {
    const config = { externalPortainer: "true", operatorDocker: "ssh://me@desk" };
    const after = await up({ ...SMALL, ...config, externalPortainerPort: "9191" });
    expect(resource(after, "services-external-portainer-docker").inputs).toEqual({
      host: "ssh://me@desk",
    });
    const { inputs, shown } = resource(after, "services-external-portainer-container");
    expect(inputs).toMatchObject({
      name: "portainer-dev",
      command: expect.arrayContaining([
        ...["tcp://192.168.42.10:2376", "--tlsverify"],
        ...["--admin-password-file", "/certs/admin-password"],
      ]),
      ports: [{ internal: 9000, external: 9191, ip: "127.0.0.1" }],
      uploads: [
        { file: "/certs/ca.pem", content: expect.stringMatching(/^certificate api-ca /) },
        { file: "/certs/cert.pem", content: expect.stringMatching(/^certificate api-client /) },
        { file: "/certs/key.pem", content: expect.stringContaining("api-client-key") },
        { file: "/certs/admin-password", content: "open sesame" },
      ],
    });
    expect(JSON.stringify(shown)).not.toMatch(/api-client-key|open sesame/);
  });
});

describe("storage", () => {
  const volume = (run: Run) => {
    const { taskSpec } = resource(run, "services-portainer-service").inputs as {
      taskSpec: { containerSpec: { mounts: { type: string }[] } };
    };
    return taskSpec.containerSpec.mounts.find(({ type }) => type === "volume");
  };

  test("of kind none makes nothing", () => {
    expect(one.resources.filter(({ parent }) => parent === "volumes")).toEqual([]);
    expect(volume(one)).toMatchObject({ source: "portainer-data" });
  });

  test("of kind nfs makes folders on the server, from a manager", async () => {
    const after = await up({ ...SMALL, ...NFS });
    expect(added(one, after)).toEqual(["backups-key", "backups-mg0", "volumes-folders"]);
    // The nodes' firewall keeps containers away from the server.
    expect(changed(one, after)).toEqual(["services-portainer-service", "swarm-mg0-ready"]);
    expect(resource(after, "volumes-folders")).toMatchObject({
      inputs: {
        create: onManager("any", "bash -s -- 30 192.168.42.1 /srv/data portainer"),
      },
      dependsOn: ["swarm-mg0-member", "swarm-mg0-api", "swarm-engines"],
    });
    expect(volume(after)).toMatchObject({
      volumeOptions: {
        driverName: "local",
        driverOptions: { type: "nfs", device: ":/srv/data/portainer" },
      },
    });
  });

  test("of kind machine makes a machine, and has it export before a node makes folders", () => {
    expect(added(all, dev)).toEqual(
      expect.arrayContaining(["storage-domain", "storage-disk", "storage-seed"]),
    );
    const server = resource(dev, "volumes-export");
    expect(server.inputs).toMatchObject({
      connection: { host: "192.168.123.19" },
      create:
        "bash -s -- 900 /srv/swarm /dev/vdc " +
        "192.168.42.10 192.168.42.11 192.168.42.12 192.168.42.20 192.168.42.21 192.168.42.22",
      triggers: ["uuid-storage-domain"],
    });
    expect(server.inputs.stdin).toContain("2049");
    const client = resource(dev, "volumes-folders");
    expect(client.inputs.create).toBe(
      onManager("any", "bash -s -- 900 192.168.42.19 /srv/swarm portainer"),
    );
    expect(client.dependsOn).toContain("volumes-export");
    expect(volume(dev)).toMatchObject({
      volumeOptions: { driverOptions: { o: expect.stringContaining("addr=192.168.42.19,") } },
    });
  });

  const inputsOf = (run: Run, name: string) => resource(run, name).inputs;
  const disksOf = (run: Run, name: string) =>
    (inputsOf(run, name) as { devices: { disks: object[] } }).devices.disks;

  test("of kind machine is on a disk of its own, which no node has", () => {
    expect(inputsOf(dev, "storage-data")).toMatchObject({ capacity: 5_000_000_000 });
    expect(inputsOf(dev, "storage-data")).not.toHaveProperty("backingStore");
    expect(disksOf(dev, "storage-domain")).toHaveLength(3);
    expect(disksOf(dev, "storage-domain")[2]).toMatchObject({
      source: { file: { file: `/pool/${String(inputsOf(dev, "storage-data").name)}` } },
      target: { dev: "vdc" },
    });
    expect(disksOf(dev, "mg0-domain")).toHaveLength(2);
  });

  test.each([
    ["image", () => otherImage()],
    ["vcpus", () => "2"],
    ["gwbridgeMtu", () => "1400"],
    ["storageMemoryMiB", () => "700"],
    ["diskMB", () => "6000"],
  ])("keeps that disk when %s changes, and the machine is replaced", async (name, value) => {
    const after = await up({ [name]: value() });
    const touched = changed(dev, after).filter((one) => one.startsWith("storage-"));
    expect(touched).toEqual(["storage-disk", "storage-domain", "storage-seed"]);
  });

  test("of another size is another disk, and the machine is replaced for it", async () => {
    const after = await up({ storageDiskMB: "6000" });
    expect(changed(dev, after)).toEqual(["storage-data", "storage-domain"]);
    expect(inputsOf(after, "storage-data").name).not.toBe(inputsOf(dev, "storage-data").name);
  });

  test("has the machine's own size, and takes part in no swarm", async () => {
    expect(resource(dev, "storage-domain").inputs).toMatchObject({ memory: 512 });
    const after = await up({ storageMemoryMiB: "700" });
    expect(changed(dev, after)).toEqual(["storage-disk", "storage-domain", "storage-seed"]);
    expect(dev.resources.filter(({ name }) => name.startsWith("swarm-storage"))).toEqual([]);
  });
});

describe("a compose file", () => {
  const withCompose = { ...SMALL, composeFile: COMPOSE_FILE };

  test("is deployed on a manager as it is, and removed with its resource", async () => {
    const { inputs, shown } = resource(all, "services-compose-deploy");
    expect(inputs).toMatchObject({
      create: onManager("any", "bash -s -- deploy compose"),
      delete: onManager("any", "bash -s -- remove compose"),
      triggers: ["compose"],
    });
    expect(shown.stdin).toContain("      replicas: 2\n");
    expect((await resolve(all.outputs.composeServices)).value).toEqual([
      "compose_other",
      "compose_web",
    ]);
  });

  test("is deployed again when its content changes, and nothing else is touched", async () => {
    const file = join(folder, "compose.yaml");
    writeFileSync(file, "services: { web: { image: nginx:1 } }\n");
    const before = await upAnew({ ...withCompose, composeFile: file });
    writeFileSync(file, "services: { web: { image: nginx:2 } }\n");
    const after = await upAnew({ ...withCompose, composeFile: file });
    expect(keys(after)).toEqual(keys(before));
    expect(changed(before, after)).toEqual(["services-compose-deploy"]);
  });

  test("is another stack under another name", async () => {
    const after = await up({ ...withCompose, composeName: "shop" });
    expect(resource(after, "services-compose-deploy").inputs).toMatchObject({
      create: onManager("any", "bash -s -- deploy shop"),
      delete: onManager("any", "bash -s -- remove shop"),
      triggers: ["shop"], // so that the old one goes
    });
  });

  test("that is not there is refused before anything is registered", async () => {
    const { message, registered } = await refused({ composeFile: "no/such.yaml" });
    expect(message).toContain('composeFile: "no/such.yaml" is not there; write the path of a file');
    expect(registered).toEqual([]);
  });

  test("that is a folder is refused, too", async () => {
    const composeFile = join(folder, "folder.yaml");
    mkdirSync(composeFile);
    const { message, registered } = await refused({ composeFile });
    expect(message).toContain('folder.yaml" is no file; write the path of a file');
    expect(registered).toEqual([]);
  });

  test("with a port that a service of the stack has is refused, too", async () => {
    const config = { composeFile: COMPOSE_FILE, webPublish: "8081:80" };
    const { message, registered } = await refused(config);
    expect(message).toContain("publishes 8081/tcp (web), which web publishes too");
    expect(registered).toEqual([]);
  });
});

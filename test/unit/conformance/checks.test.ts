import { Cluster } from "../../../conformance/cluster";
import { checks, checksFor, report, runChecks } from "../../../conformance";
import { apiAddresses, closedToApi, daysLeft } from "../../../conformance/api";
import { backupNote, parseStatus } from "../../../conformance/backups";
import { eventually, expectEach } from "../../../conformance/check";
import {
  machineAddresses,
  parseProbe,
  probeCommand,
  probeProblems,
} from "../../../conformance/containers";
import { parseNetworks, parseTasks } from "../../../conformance/docker";
import { insidePorts, outsidePorts } from "../../../conformance/firewall";
import {
  blindSpots,
  certificateProblems,
  expectedTargets,
  targetProblems,
  type Sample,
} from "../../../conformance/monitoring";
import { gwbridgeSettings, ingressSettings } from "../../../conformance/networks";
import { parseAddresses } from "../../../conformance/overlay";
import { pageProblems, portainerVersion, type Environment } from "../../../conformance/portainer";
import { missingTasks, nodesOf, publishedPorts } from "../../../conformance/services";
import { clearTraffic, parseCounters } from "../../../conformance/traffic";
import { unfairShares, webPort } from "../../../conformance/web";
import type { NodeOutput, ServiceOutput, StackOutputs } from "../../../stacks/outputs";
import { openings } from "../../../components/swarm/firewall";
import { parsePublish } from "../../../components/swarm/publish";

function node(name: string, role: "manager" | "worker", number: number): NodeOutput {
  const [ingressAddress, advertiseAddress] = [`192.0.2.${number}`, `198.51.100.${number}`];
  const attributes = { availability: "active" as const, labels: [] };
  return { name, role, ingressAddress, advertiseAddress, id: `id-${name}`, ...attributes };
}

const nodes = [node("mg0", "manager", 10), node("worker0", "worker", 20)];

function service(
  name: string,
  replicas: number | "global" = 1,
  publish: string = "",
): ServiceOutput {
  return { name, image: `${name}:1`, replicas, publish: parsePublish(publish)! };
}

/** A service whose number of tasks is the autoscaler's. */
function scaled(name: string, min: number, max: number): ServiceOutput {
  return { ...service(name, min), autoscale: { min, max, cpuPercent: 50 } };
}

const everything = [
  service("web", 3, "80:80, 8080:80"),
  service("portainer", 1, "9000:9000"),
  service("over-test", 2),
  service("dns-cache", "global", "host:53:53/udp"),
];

function stack(changes: Partial<StackOutputs> = {}): StackOutputs {
  return {
    ...{
      nodes,
      services: everything,
      composeServices: [],
      leaderCandidates: ["mg0"],
      networkIds: {},
    },
    ...{
      managerJoinToken: "",
      workerJoinToken: "",
      unlockKey: "",
      portainerPassword: "open sesame",
      backupKey: "",
    },
    monitoringPassword: "",
    ...{ ssh: {}, sshHosts: [], sshUser: "root", sshPrivateKey: "", sshKnownHosts: [] },
    ...{ dockerHost: "tcp://198.51.100.10:2376", apiHosts: ["tcp://198.51.100.10:2376"] },
    ...{ apiOutside: false, ca: "", cert: "", key: "" },
    ingress: {
      ...{ id: "net1", name: "my-ingress", subnet: "10.11.0.0/16", gateway: "10.11.0.2" },
      ...{ mtu: 1200, encrypted: true },
    },
    registryMirror: "",
    firewall: Object.fromEntries(
      nodes.map(({ name, role, ingressAddress, advertiseAddress }) => [
        name,
        openings({
          ...{ role, ingressAddress, advertiseAddress, internalCidr: "198.51.100.0/24" },
          ...{ machineCidrs: [], nfsServer: "", apiOutside: false },
        }),
      ]),
    ),
    gwbridge: { subnet: "172.18.0.0/16", icc: false, masquerade: true, mtu: 1500 },
    storage: { kind: "none", server: "", export: "" },
    engines: { manager: {}, worker: {} },
    adminPorts: { ports: [], from: [] },
    overlayAddressPool: "10.0.0.0/8",
    composePlan: [],
    externalPortainerPassword: "",
    ...changes,
  };
}

const STORAGE = { kind: "machine", server: "192.0.2.19", export: "/srv/swarm" } as const;

/** A cluster whose nodes answer commands that contain a text with another text. */
function fakeCluster(outputs: StackOutputs, answers: Record<string, string>): Cluster {
  const run = async ({ name }: NodeOutput, command: string) => {
    const found = Object.keys(answers).find((text) => `${name}: ${command}`.includes(text));
    if (found === undefined) throw new Error(`${name}: unexpected command ${command}`);
    return answers[found]!;
  };
  const managers = outputs.nodes.filter(({ role }) => role === "manager");
  const own = { outputs, nodes: outputs.nodes, managers, run };
  return Object.assign(Object.create(Cluster.prototype), own) as Cluster;
}

function check(name: RegExp) {
  const found = checks.filter((one) => name.test(one.name));
  expect(found).toHaveLength(1);
  return found[0]!;
}

describe("the list of checks", () => {
  const all = [...everything, service("prometheus")];
  const full = (changes: Partial<StackOutputs> = {}) =>
    stack({ services: all, storage: STORAGE, ...changes });
  const without = (name: string) => full({ services: all.filter((one) => one.name !== name) });
  const about = (outputs: StackOutputs) => checksFor(outputs).map(({ name }) => name);

  test("is complete for a stack that has everything", () => {
    expect(checksFor(full())).toEqual(checks);
  });

  test.each([
    ["services at all", full({ services: [] }), 12],
    ["web", without("web"), 2],
    ["replicas of web", full({ services: [service("web", 0), ...all.slice(1)] }), 2],
    ["Portainer", without("portainer"), 2],
    ["overlay check", without("over-test"), 2],
    ["DNS cache", without("dns-cache"), 1],
    ["monitoring", without("prometheus"), 3],
    ["encryption", full({ ingress: { ...stack().ingress, encrypted: false } }), 1],
    ["second node", full({ nodes: nodes.slice(0, 1) }), 1],
    ["storage", full({ storage: { ...STORAGE, kind: "none" } }), 1],
  ])("leaves out what concerns it when there is no %s", (_, outputs, fewer) => {
    expect(about(outputs)).toHaveLength(checks.length - fewer);
  });

  test("has nothing left out that every swarm has", () => {
    expect(about(stack({ services: [], nodes: nodes.slice(0, 1) }))).toEqual(
      checks.filter(({ applies }) => applies === undefined).map(({ name }) => name),
    );
  });

  test("gives every check a name of its own", () => {
    expect(new Set(checks.map(({ name }) => name)).size).toBe(checks.length);
  });
});

describe("the report", () => {
  test("has notes on the line, and failures under it", () => {
    expect(
      report([
        { name: "one", seconds: 1.24 },
        { name: "two", seconds: 0, note: "version stand-in" },
        { name: "three", seconds: 60, failure: "mg0: closed\nmg1: closed" },
      ]),
    ).toBe(
      [
        "ok   one (1.2 s)",
        "ok   two (0.0 s): version stand-in",
        "FAIL three (60.0 s)",
        "     mg0: closed",
        "     mg1: closed",
      ].join("\n"),
    );
  });

  test("has a result for each check that applies, also after a failure", async () => {
    const outputs = stack({ services: [], nodes: [], apiHosts: [] });
    const results = await runChecks(fakeCluster(outputs, {}));
    expect(results.map(({ name }) => name)).toEqual(checksFor(outputs).map(({ name }) => name));
    expect(results.some(({ failure }) => failure !== undefined)).toBe(true);
  });
});

describe("looking", () => {
  test("at several things gives every failure", async () => {
    const look = async (name: string) => {
      if (name !== "b") throw new Error(`${name} is down`);
    };
    await expect(expectEach(["a", "b", "c"], look)).rejects.toThrow("a is down\nc is down");
    await expectEach(["b"], look);
  });

  test("again until it holds", async () => {
    let looks = 0;
    const look = async () => {
      if (++looks < 2) throw new Error("not yet");
      return looks;
    };
    expect(await eventually(look, 10)).toBe(2);
  });

  test("has a bound, and then the last failure", async () => {
    await expect(eventually(() => Promise.reject(new Error("never")), 0)).rejects.toThrow("never");
  });
});

/** As `docker network inspect` of Docker 26 has it on a node. */
const ingressJson = {
  ...{ Name: "my-ingress", Id: "net1", Scope: "swarm", Driver: "overlay", EnableIPv6: false },
  IPAM: {
    ...{ Driver: "default", Options: null },
    Config: [{ Subnet: "10.11.0.0/16", Gateway: "10.11.0.2" }],
  },
  ...{ Internal: false, Attachable: false, Ingress: true, ConfigOnly: false },
  Containers: { "my-ingress-sbox": { Name: "my-ingress-endpoint", IPv4Address: "10.11.0.3/16" } },
  Options: {
    "com.docker.network.driver.mtu": "1200",
    "com.docker.network.driver.overlay.vxlanid_list": "4097",
    encrypted: "",
  },
  Labels: {},
};
const gwbridgeJson = {
  ...{ Name: "docker_gwbridge", Id: "net2", Scope: "local", Driver: "bridge", Ingress: false },
  IPAM: { Driver: "default", Config: [{ Subnet: "172.18.0.0/16", Gateway: "172.18.0.1" }] },
  Containers: {},
  Options: {
    "com.docker.network.bridge.enable_icc": "false",
    "com.docker.network.bridge.enable_ip_masquerade": "true",
    "com.docker.network.bridge.name": "docker_gwbridge",
  },
};

describe("networks", () => {
  const settings = (changes: object) =>
    ingressSettings(parseNetworks(JSON.stringify([{ ...ingressJson, ...changes }]))[0]!);

  test("the ingress network's settings are read as Docker shows them", () => {
    expect(settings({})).toEqual({ ...stack().ingress, sandbox: true });
  });

  test.each([
    ["without encryption", { Options: {} }, { encrypted: false, mtu: 1500 }],
    ["with encryption said off", { Options: { encrypted: "false" } }, { encrypted: false }],
    ["that this node does not take part in", { Containers: null }, { sandbox: false }],
    ["without addresses", { IPAM: { Config: null } }, { subnet: undefined }],
  ])("an ingress network %s is told from it", (_, changes, seen) => {
    expect(settings(changes)).toMatchObject(seen);
  });

  test("docker_gwbridge's settings are read as Docker shows them", () => {
    const [seen] = parseNetworks(JSON.stringify([gwbridgeJson]));
    expect(gwbridgeSettings(seen!)).toEqual(stack().gwbridge);
  });

  test("docker_gwbridge as Docker makes it by itself has ICC on", () => {
    const [seen] = parseNetworks(JSON.stringify([{ ...gwbridgeJson, Options: {} }]));
    expect(gwbridgeSettings(seen!)).toMatchObject({ icc: true, masquerade: true });
  });

  test("no network at all is none", () => {
    expect(parseNetworks("")).toEqual([]);
  });

  test("one ingress network everywhere passes, other overlays beside it", async () => {
    const other = { ...ingressJson, Name: "over-test", Ingress: false };
    const cluster = fakeCluster(stack(), {
      "driver=overlay": JSON.stringify([other, ingressJson]),
      docker_gwbridge: JSON.stringify([gwbridgeJson]),
    });
    await check(/one ingress network/).run(cluster);
    await check(/docker_gwbridge/).run(cluster);
  });

  test("another docker_gwbridge fails with what was seen and where", async () => {
    const cluster = fakeCluster(stack(), {
      "mg0: docker network inspect": JSON.stringify([gwbridgeJson]),
      "worker0: docker network inspect": JSON.stringify([{ ...gwbridgeJson, Options: {} }]),
    });
    await expect(check(/docker_gwbridge/).run(cluster)).rejects.toThrow(
      /^docker_gwbridge on worker0: wanted .*"icc": false.* saw .*"icc": true/s,
    );
  });
});

/** As `docker service ps --format json` has them. */
const taskLines = [
  ["web.1", "mg0", "Running", "Running 5 minutes ago", ""],
  ["web.2", "worker0", "Ready", "Ready 2 seconds ago", ""],
  ["web.2", "worker0", "Shutdown", "Rejected 3 seconds ago", "No such image: web:1"],
  ["dns-cache.tz2n7ww4dg", "mg0", "Running", "Running 5 minutes ago", ""],
]
  .map(([Name, Node, DesiredState, CurrentState, Error]) =>
    JSON.stringify({ ID: "x", Image: "web:1", Name, Node, DesiredState, CurrentState, Error }),
  )
  .join("\n");

describe("tasks", () => {
  const tasks = parseTasks(taskLines);
  const due = tasks.filter(({ desired }) => desired !== "Shutdown");

  test("are read with the service that they belong to", () => {
    expect(tasks.map((task) => task.service)).toEqual(["web", "web", "web", "dns-cache"]);
    expect(parseTasks("")).toEqual([]);
  });

  test("that do not run are missing, with what they do instead", () => {
    expect(missingTasks(service("web", 2), due)).toBe(
      "web: 1 of 2 tasks run; web.2 on worker0: Ready 2 seconds ago",
    );
  });

  test.each([
    [service("web", 1), undefined],
    [service("dns-cache", "global"), undefined],
    [service("web", "global"), "web: 1 of 2 tasks run; web.2 on worker0: Ready 2 seconds ago"],
    [service("portainer", 1), "portainer: 0 of 1 tasks run"],
    [service("agent", "global"), "agent: 0 of 1 tasks run"],
    [service("none", 0), undefined],
    [scaled("web", 1, 5), undefined],
    [scaled("web", 0, 1), undefined],
    [scaled("web", 2, 5), "web: 1 of 2 to 5 tasks run; web.2 on worker0: Ready 2 seconds ago"],
  ])("%j", (wanted, problem) => {
    expect(missingTasks(wanted, due)).toBe(problem);
  });

  test("are on the nodes that run them, not on those that are about to", () => {
    expect(nodesOf("web", due, nodes).map(({ name }) => name)).toEqual(["mg0"]);
  });

  test("are all there: the check passes and names the stand-ins", async () => {
    const outputs = stack({ services: [service("web", 1), service("dns-cache", "global")] });
    const cluster = fakeCluster(outputs, {
      "service ps": taskLines,
      "mg0: docker ps": "dns-cache",
      "docker ps": "",
    });
    expect(await check(/as many tasks/).run(cluster)).toBe("stand-ins: dns-cache");
  });
});

describe("published ports", () => {
  const seen = (mode: "ingress" | "host", publish: string, name = "web", replicas = 1) =>
    publishedPorts(stack({ services: [service(name, replicas, publish)] }), mode).map(
      ({ service, protocol, published }) => `${service} ${published}/${protocol}`,
    );

  test("are those of their mode", () => {
    expect(seen("ingress", "80:80, host:81:80")).toEqual(["web 80/tcp"]);
    expect(seen("host", "80:80, host:81:80")).toEqual(["web 81/tcp"]);
  });

  test("are asked by UDP only where the protocol is known", () => {
    expect(seen("host", "host:53:53/udp")).toEqual([]);
    expect(seen("host", "host:53:53/udp", "dns-cache")).toEqual(["dns-cache 53/udp"]);
  });

  test("are not asked when nothing runs behind them", () => {
    expect(seen("ingress", "80:80", "web", 0)).toEqual([]);
  });

  test("web's is the first in the mesh", () => {
    expect(webPort(stack({ services: [service("web", 3, "host:81:80, 82:80")] }))).toBe(82);
    expect(webPort(stack({ services: [service("web", 3, "host:81:80")] }))).toBeUndefined();
  });
});

describe("shares of replicas", () => {
  /** Answers by node. */
  const answers = (counts: Record<string, number>) =>
    Object.entries(counts).flatMap(([name, count]) => Array<string>(count).fill(name));

  test.each([
    ["equal", { a: 10, b: 10, c: 10 }, { a: 1, b: 1, c: 1 }],
    ["a little uneven", { a: 12, b: 10, c: 8 }, { a: 1, b: 1, c: 1 }],
    ["two replicas on one node", { a: 20, b: 10 }, { a: 2, b: 1 }],
    ["all on one node", { a: 30 }, { a: 3 }],
  ])("%s are fair", (_, seen, replicas) => {
    expect(unfairShares(answers(seen), replicas)).toEqual([]);
  });

  test.each([
    [
      "one replica that is never asked",
      [
        { a: 15, b: 15 },
        { a: 1, b: 1, c: 1 },
      ],
      ["c has 0 of 30 answers for 1 replicas"],
    ],
    [
      "half of a share",
      [
        { a: 15, b: 10, c: 5 },
        { a: 1, b: 1, c: 1 },
      ],
      ["c has 5 of 30 answers for 1 replicas"],
    ],
    [
      "one of two replicas on a node that is never asked",
      [
        { a: 15, b: 15 },
        { a: 2, b: 1 },
      ],
      ["a has 15 of 30 answers for 2 replicas"],
    ],
    [
      "answers from where no replica is",
      [
        { a: 16, x: 14 },
        { a: 1, b: 1 },
      ],
      ["b has 0 of 30 answers for 1 replicas", '14 answers "x", no node with a replica'],
    ],
  ] as [string, [Record<string, number>, Record<string, number>], string[]][])(
    "%s is seen",
    (_, [seen, replicas], problems) => {
      expect(unfairShares(answers(seen), replicas)).toEqual(problems);
    },
  );
});

describe("traffic between nodes", () => {
  const counters = (esp: number, clear: number) =>
    JSON.stringify({
      nftables: [
        { metainfo: { version: "1.1.3", json_schema_version: 1 } },
        { counter: { family: "inet", name: "esp_in", table: "swarm", packets: esp, bytes: 9 } },
        { counter: { family: "inet", name: "clear_vxlan_in", table: "swarm", packets: clear } },
      ],
    });

  test("is read from the firewall's counters", () => {
    expect(parseCounters(counters(185, 2))).toEqual({ esp: 185, clear: 2 });
    expect(() => parseCounters('{"nftables":[]}')).toThrow("the firewall has no counter esp_in");
  });

  test("is right when it grows as ESP on two nodes", () => {
    const quiet = { esp: 0, clear: 0 };
    expect(clearTraffic({ a: { esp: 9, clear: 0 }, b: { esp: 8, clear: 0 }, c: quiet })).toEqual(
      [],
    );
  });

  test("is wrong when it is clear anywhere, or on one node only", () => {
    expect(clearTraffic({ a: { esp: 9, clear: 0 }, b: { esp: 0, clear: 3 } })).toEqual([
      "b received 3 packets of clear VXLAN",
      "under load on web, a alone received ESP packets; at least two nodes should",
    ]);
    expect(clearTraffic({ a: { esp: 0, clear: 0 } })).toEqual([
      "under load on web, no node received ESP packets; at least two nodes should",
    ]);
  });
});

describe("Portainer's status", () => {
  test("names its version, a stand-in's too", () => {
    expect(portainerVersion(200, '{"Version":"2.33.7","InstanceID":"x"}')).toBe("2.33.7");
    expect(portainerVersion(200, '{"Version":"stand-in"}')).toBe("stand-in");
  });

  test.each([
    [502, '{"Version":"2.33.7"}'],
    [200, "<html>Welcome to nginx!</html>"],
    [200, "{}"],
  ])("is not %i %s", (status, body) => {
    expect(() => portainerVersion(status, body)).toThrow(
      `not Portainer's status: HTTP status ${status}, ${body}`,
    );
  });
});

describe("what Portainer's page shows", () => {
  const environment = (changes: Partial<Environment> = {}): Environment => ({
    ...{ name: "local", status: 1, engine: { node: "id-mg0" } },
    ...changes,
  });

  test("is right when one of its environments is the swarm, whatever the others are", () => {
    const down = environment({ status: 2, engine: { problem: "HTTP status 502" } });
    expect(pageProblems([environment()], ["id-mg0"])).toEqual([]);
    expect(pageProblems([down, environment()], ["id-mg0"])).toEqual([]);
  });

  test.each<[what: string, environments: Environment[], problem: string]>([
    ["none", [], "Portainer has no environment"],
    [
      "one that is down",
      [environment({ status: 2 })],
      "environment local: Portainer shows it as down",
    ],
    [
      "one that the engine refuses",
      [environment({ engine: { problem: "client version 1.41 is too old" } })],
      "environment local: client version 1.41 is too old",
    ],
    [
      "somebody else's engine",
      [environment({ engine: { node: "other" } })],
      "environment local: not an engine of this swarm",
    ],
  ])("is wrong with %s", (_, environments, problem) => {
    expect(pageProblems(environments, ["id-mg0"])).toEqual([problem]);
  });
});

describe("nslookup's output", () => {
  test("is read without the name server's address", () => {
    const output = `Server:\t\t127.0.0.11\nAddress:\t127.0.0.11:53\n
Non-authoritative answer:
Name:\ttasks.over-test
Address: 10.0.1.6
Name:\ttasks.over-test
Address: 10.0.1.3

*** Can't find tasks.over-test: No answer`;
    expect(parseAddresses(output)).toEqual(["10.0.1.3", "10.0.1.6"]);
  });

  test("of older BusyBox, with numbers and names, too", () => {
    const output = `Server:    127.0.0.11
Address 1: 127.0.0.11\n
Name:      tasks.over-test
Address 1: 10.0.1.6 over-test.1.x.over-test
Address 2: 10.0.1.3 over-test.2.y.over-test`;
    expect(parseAddresses(output)).toEqual(["10.0.1.3", "10.0.1.6"]);
  });

  test("without an answer has none", () => {
    const output =
      "Server:\t\t127.0.0.11\nAddress:\t127.0.0.11:53\n\n** server can't find x: NXDOMAIN";
    expect(parseAddresses(output)).toEqual([]);
  });
});

describe("what Prometheus should find", () => {
  const sample = (job: string, value = "1", name = "up"): Sample => ({
    metric: { __name__: name, job, instance: "there" },
    value: [0, value],
  });
  const watched = stack({ services: [...everything, service("prometheus")] });
  const expected = expectedTargets(watched);

  test("is every node, every manager, and every port of the mesh for users on every node", () => {
    expect(expected).toEqual({
      ...{ prometheus: 1, alertmanager: 1, nodes: 2, cadvisor: 2, controller: 1, ingress: 6 },
    });
    const page = { ...service("prometheus", 1, "9090:9090"), management: true as const };
    expect(expectedTargets(stack({ services: [page] }))).not.toHaveProperty("ingress");
  });

  test("is said to be missing, too much or down", () => {
    const all = Object.entries(expected).flatMap(([job, count]) =>
      Array.from({ length: count }, () => sample(job)),
    );
    expect(targetProblems(expected, all)).toEqual([]);
    expect(targetProblems(expected, [...all, sample("tasks"), sample("ingress")])).toEqual([]);
    expect(targetProblems(expected, all.slice(1))).toEqual([
      "job prometheus: wanted 1 targets, saw 0",
    ]);
    expect(targetProblems(expected, [...all, sample("controller")])).toEqual([
      "job controller: wanted 1 targets, saw 2",
    ]);
    const down = [sample("tasks", "0"), sample("ingress", "0", "probe_success")];
    expect(targetProblems(expected, [...all, ...down])).toEqual([
      "up of tasks at there is not 1",
      "probe_success of ingress at there is not 1",
    ]);
  });

  test("is each node's tasks: of none on a node, it is blind there", () => {
    const count = (node: string, value: string): Sample => ({
      metric: { node },
      value: [0, value],
    });
    expect(blindSpots("memory", ["mg0"], [count("mg0", "2")])).toEqual([]);
    expect(blindSpots("memory", ["mg0", "worker0"], [count("mg0", "0")])).toEqual([
      "mg0: cAdvisor knows the memory of no task",
      "worker0: cAdvisor knows the memory of no task",
    ]);
  });

  test("is when each manager's certificate ends, which is no target", () => {
    const ends = (node: string, end: number): Sample => ({
      metric: { __name__: "swarm_api_certificate_expiry_timestamp_seconds", job: "nodes", node },
      value: [1000, `${end}`],
    });
    expect(certificateProblems(watched, [ends("mg0", 2000)])).toEqual([]);
    for (const seen of [[], [ends("worker0", 2000)], [ends("mg0", 900)], [sample("nodes")]]) {
      expect(certificateProblems(watched, seen)).toEqual([
        "swarm_api_certificate_expiry_timestamp_seconds of mg0 is not known, or is over",
      ]);
    }
    expect(targetProblems({}, [ends("mg0", 2000)])).toEqual([]);
  });

  test("is looked at where there is a Prometheus", () => {
    const names = (outputs: StackOutputs) => checksFor(outputs).map(({ name }) => name);
    expect(names(watched)).toContain("Prometheus finds every node and every monitored task");
    expect(names(stack())).not.toContain("Prometheus finds every node and every monitored task");
  });
});

describe("containers and the machines' own ports", () => {
  const machines = machineAddresses(stack());
  const addresses = machines.flatMap((one) => one.addresses);
  /** What a container that reaches nothing is answered: 3 datagrams to 3 ports on 2 addresses of the other. */
  const good = { network: "bridge", reached: [], pinged: addresses, dropped: 18 };
  const problems = (changes: object, masquerade = true) =>
    probeProblems(machines, "worker0", [{ ...good, ...changes }], masquerade);

  test("are those of every machine, by each of its addresses", () => {
    expect(machines).toEqual([
      { machine: "mg0", addresses: ["192.0.2.10", "198.51.100.10"] },
      { machine: "worker0", addresses: ["192.0.2.20", "198.51.100.20"] },
    ]);
  });

  test("are tried by one command, in a container on each network", () => {
    const lines = probeCommand(machines, "worker0").split("\n");
    const runs = lines.filter((line) => line.includes("docker run"));
    const networks = runs.map((line) => / --network=(\S+) /.exec(line)![1]);
    expect(networks).toEqual(["bridge", "docker_gwbridge"]);
    const words =
      "- 22,2049,2376,2377,7946,9323 4789,7946 " +
      "192.0.2.10,198.51.100.10,192.0.2.20,198.51.100.20 192.0.2.10,198.51.100.10";
    for (const run of runs) expect(run.replaceAll("\\", "")).toMatch(new RegExp(`${words}$`));
  });

  test("are read from what it prints", () => {
    const text = [
      "network bridge",
      "dropped 5",
      "reached 198.51.100.10:2376",
      "ping 192.0.2.10",
      "dropped 23",
      ...["network docker_gwbridge", "dropped 23", "dropped 24"],
    ].join("\n");
    expect(parseProbe(text)).toEqual([
      {
        ...{ network: "bridge", reached: ["198.51.100.10:2376"], pinged: ["192.0.2.10"] },
        dropped: 18,
      },
      { network: "docker_gwbridge", reached: [], pinged: [], dropped: 1 },
    ]);
    expect(() => parseProbe("network bridge\nping 192.0.2.10")).toThrow("has no counter");
  });

  test("are closed when nothing is reached, everybody answers a ping, and datagrams are dropped", () => {
    expect(problems({})).toEqual([]);
    expect(problems({ dropped: 30 })).toEqual([]); // another container's
  });

  test.each<[string, object, string[]]>([
    [
      "one is reached",
      { reached: ["192.0.2.10:22", "198.51.100.20:7946"] },
      [
        "a container of worker0 on bridge reaches mg0: 192.0.2.10:22",
        "a container of worker0 on bridge reaches worker0: 198.51.100.20:7946",
      ],
    ],
    [
      "a machine is silent",
      { pinged: addresses.slice(1) },
      [
        "mg0 (192.0.2.10) did not answer a ping of a container of worker0 on bridge, so its ports say nothing",
      ],
    ],
    [
      "datagrams got through",
      { dropped: 17 },
      [
        "a container of worker0 on bridge sent 18 datagrams and ESP packets to other machines; 17 were dropped",
      ],
    ],
  ])("are not when %s", (_, changes, said) => {
    expect(problems(changes)).toEqual(said);
  });

  test("are closed to containers that nobody answers, without masquerading", () => {
    const unanswered = { network: "docker_gwbridge", pinged: [] };
    expect(problems(unanswered, false)).toEqual([]);
    expect(problems(unanswered)).toHaveLength(4);
    expect(problems({ ...unanswered, network: "bridge" }, false)).toHaveLength(4);
  });
});

describe("what is open and closed", () => {
  const text = (ports: { address: string; port: number; open: boolean }[]) =>
    ports.map(({ address, port, open }) => `${address}:${port} ${open ? "open" : "closed"}`);

  test("outside: SSH and nothing of the swarm", () => {
    expect(text(outsidePorts(stack({ nodes: nodes.slice(0, 1) })))).toEqual([
      "192.0.2.10:22 open",
      "192.0.2.10:2377 closed",
      "192.0.2.10:7946 closed",
      "192.0.2.10:9323 closed",
    ]);
  });

  test("inside: the swarm's ports, neither SSH nor published TCP ports", () => {
    expect(text(insidePorts(stack()))).toEqual([
      "198.51.100.10:7946 open",
      "198.51.100.10:2377 open",
      "198.51.100.10:9323 closed",
      ...[22, 80, 8080, 9000].map((port) => `198.51.100.10:${port} closed`),
      "198.51.100.20:7946 open",
      "198.51.100.20:2377 closed",
      "198.51.100.20:9323 closed",
      ...[22, 80, 8080, 9000].map((port) => `198.51.100.20:${port} closed`),
    ]);
  });

  test("inside: nothing more with monitoring", () => {
    const watched = stack({ services: [...everything, service("prometheus")] });
    expect(insidePorts(watched)).toEqual(insidePorts(stack()));
  });

  const closed = (outputs: StackOutputs) =>
    closedToApi(outputs).map(([name, address, port]) => `${name} ${address}:${port}`);

  test("the API: not without TLS, not on workers, not outside", () => {
    expect(closed(stack())).toEqual([
      "mg0 192.0.2.10:2375",
      "mg0 198.51.100.10:2375",
      "mg0 192.0.2.10:2376",
      "worker0 192.0.2.20:2375",
      "worker0 198.51.100.20:2375",
      "worker0 192.0.2.20:2376",
      "worker0 198.51.100.20:2376",
    ]);
  });

  test("the API outside, where the config opens it", () => {
    expect(closed(stack({ apiOutside: true }))).not.toContain("mg0 192.0.2.10:2376");
    expect(apiAddresses(stack({ apiOutside: true }))).toEqual([
      "tcp://198.51.100.10:2376",
      "tcp://192.0.2.10:2376",
    ]);
    expect(apiAddresses(stack())).toEqual(["tcp://198.51.100.10:2376"]);
  });
});

test("days left are whole days, as certificates have their dates", () => {
  const now = Date.parse("2026-11-23T12:00:00Z");
  expect(daysLeft("Nov 23 12:00:00 2027 GMT", now)).toBe(365);
  expect(daysLeft("Nov 24 11:59:59 2026 GMT", now)).toBe(0);
  expect(daysLeft("Nov 22 11:00:00 2026 GMT", now)).toBe(-2);
});

describe("backups", () => {
  const DAY = 86_400;
  const NAME = "20260102T030405Z-mg1";
  const note = (line: string) => backupNote(parseStatus(line));

  test.each([
    [`${NAME} 245 ${2 * DAY}`, `the last one is ${NAME}, 4 minutes old`],
    [`${NAME} ${2 * DAY} ${2 * DAY}`, `the last one is ${NAME}, 2 days old`],
    [`none 1000 ${2 * DAY}`, "there is no backup yet"],
    [`${NAME} ${90 * DAY} 0`, `the last one is ${NAME}, 90 days old; none is made by itself`],
    ["none 0 0", "there is no backup yet; none is made by itself"],
  ])("%j holds", (line, said) => {
    expect(note(line)).toBe(said);
  });

  test.each([
    [`${NAME} ${2 * DAY + 1} ${2 * DAY}`, `the last one is ${NAME}, 2 days old`],
    [`none ${3 * DAY} ${2 * DAY}`, "there is no backup, 3 days after its timer was installed"],
  ])("%j does not", (line, said) => {
    expect(() => note(line)).toThrow(
      `${said}; by backupSchedule it should be less than 2 days old. On each manager, ` +
        "journalctl -u swarm-backup says why there is none",
    );
  });

  test("are asked for of a manager that answers, where there is storage", async () => {
    const outputs = stack({ storage: STORAGE });
    const check = checksFor(outputs).find(({ name }) => name.includes("backup"))!;
    const answers = { "mg0: swarm-backup status": `${NAME} 245 ${2 * DAY}` };
    expect(await check.run(fakeCluster(outputs, answers))).toContain("4 minutes old");
    expect(checksFor(stack()).some(({ name }) => name.includes("backup"))).toBe(false);
  });
});

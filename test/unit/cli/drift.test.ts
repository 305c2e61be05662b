import type { Cluster } from "../../../conformance/cluster";
import { differences } from "../../../cli/drift/differences";
import { asWanted, service } from "../../../cli/drift/seen";
import { parseUpdates, report, updatesReport } from "../../../cli/drift/updates";
import { wanted, type Swarm } from "../../../cli/drift/wanted";
import type { StackOutputs } from "../../../stacks/outputs";

const outputs = {
  nodes: [
    {
      ...{ name: "mg0", role: "manager", availability: "active", id: "id0" },
      ...{ ingressAddress: "192.168.123.10", advertiseAddress: "192.168.42.10" },
      labels: ["disk=ssd", "path=a=b"],
    },
  ],
  ingress: { id: "n1", name: "my-ingress", subnet: "10.11.0.0/16", gateway: "10.11.0.2" },
  gwbridge: { subnet: "172.18.0.0/16", icc: false, masquerade: true, mtu: 1500 },
  registryMirror: "http://192.168.123.1:5000",
  services: [
    {
      ...{ name: "web", image: "nginx:1.28.0-alpine", replicas: 3 },
      publish: [{ mode: "ingress", protocol: "tcp", published: 80, target: 80 }],
    },
  ],
  composeServices: ["shop_web"],
} as unknown as StackOutputs;

const want = wanted(outputs);
const changed = (change: (swarm: Swarm) => void): string[] => {
  const have = structuredClone(want);
  change(have);
  return differences(want, have);
};

test("a swarm that is as the last up left it has no differences", () => {
  expect(changed(() => undefined)).toEqual([]);
});

test("labels are what is before and after the first equals sign", () => {
  expect(want.nodes.mg0!.labels).toEqual({ disk: "ssd", path: "a=b" });
});

test.each<[what: string, change: (swarm: Swarm) => void, line: string]>([
  [
    "a drained node",
    ({ nodes }) => (nodes.mg0!.availability = "drain"),
    'nodes.mg0.availability: is "drain"; the program has "active"',
  ],
  [
    "a demoted manager",
    ({ nodes }) => (nodes.mg0!.role = "worker"),
    'nodes.mg0.role: is "worker"; the program has "manager"',
  ],
  [
    "a node that is down",
    ({ nodes }) => (nodes.mg0!.status = "down"),
    'nodes.mg0.status: is "down"; the program has "ready"',
  ],
  [
    "a label of somebody",
    ({ nodes }) => (nodes.mg0!.labels.gpu = "yes"),
    'nodes.mg0.labels.gpu: is "yes", and the program has none',
  ],
  [
    "a label that is gone",
    ({ nodes }) => delete nodes.mg0!.labels.disk,
    'nodes.mg0.labels.disk: is missing; the program has "ssd"',
  ],
  [
    "an engine without TLS",
    ({ nodes }) => Object.assign(nodes.mg0!.engine, { tlsverify: false }),
    "nodes.mg0.engine.tlsverify: is false; the program has true",
  ],
  [
    "another bridge",
    ({ nodes }) => (nodes.mg0!.gwbridge.icc = true),
    "nodes.mg0.gwbridge.icc: is true; the program has false",
  ],
  [
    "another ingress network",
    ({ ingress }) => (ingress.subnet = "10.13.0.0/16"),
    'ingress.subnet: is "10.13.0.0/16"; the program has "10.11.0.0/16"',
  ],
  [
    "fewer replicas",
    ({ services }) => ((services.web as { replicas: number }).replicas = 2),
    "services.web.replicas: is 2; the program has 3",
  ],
  [
    "a service of somebody",
    ({ services }) => (services.mine = {}),
    "services.mine: is {}, and the program has none",
  ],
  [
    "a service of the compose file that is gone",
    ({ services }) => delete services.shop_web,
    "services.shop_web: is missing; the program has {}",
  ],
])("%s is one", (_, change, line) => {
  expect(changed(change)).toEqual([line]);
});

describe("what docker says of a node", () => {
  const worker = {
    Spec: {
      Role: "worker",
      Availability: "active",
      Labels: { disk: "ssd", "swarm.ingress": "n1" },
    },
    Description: { Hostname: "worker0" },
    Status: { State: "ready", Addr: "192.168.42.20" },
  };

  test("is put in the program's words, without the program's own notes", () => {
    expect(asWanted(worker)).toEqual({
      ...{ role: "worker", status: "ready", availability: "active" },
      advertiseAddress: "192.168.42.20",
      labels: { disk: "ssd" },
    });
  });

  test("has a manager's address in another place", () => {
    const manager = {
      ...worker,
      Status: { State: "ready", Addr: "0.0.0.0" },
      ManagerStatus: { Addr: "192.168.42.10:2377" },
    };
    expect(asWanted(manager).advertiseAddress).toBe("192.168.42.10");
  });
});

describe("what docker says of a service", () => {
  const spec = {
    Name: "web",
    TaskTemplate: { ContainerSpec: { Image: "nginx:1.28.0-alpine@sha256:1234" } },
    Mode: { Replicated: { Replicas: 3 } },
    EndpointSpec: {
      Ports: [
        { PublishMode: "ingress", Protocol: "tcp", PublishedPort: 80, TargetPort: 80 } as const,
      ],
    },
  };

  test("is put in the program's words", () => {
    expect(service(spec, outputs)).toEqual(want.services.web);
  });

  test("has the digest where the program asked for one", () => {
    const image = "nginx@sha256:1234";
    const asked = { ...outputs, services: [{ ...outputs.services[0]!, image }] };
    const found = { ...spec, TaskTemplate: { ContainerSpec: { Image: "nginx@sha256:9999" } } };
    expect(service(found, asked)).toMatchObject({ image: "nginx@sha256:9999" });
  });

  test("has a number of replicas, or is global", () => {
    const found = { ...spec, Name: "other", Mode: {}, EndpointSpec: {} };
    expect(service(found, outputs)).toMatchObject({ replicas: "global", publish: [] });
  });

  test.each([
    [3, []],
    [1, []],
    [6, ['services.web.replicas: is 6; the program has "1 to 5"']],
    [0, ['services.web.replicas: is 0; the program has "1 to 5"']],
  ])("that is autoscaled has %i of 1 to 5 replicas", (Replicas, lines) => {
    const autoscale = { max: 5, cpuPercent: 50 };
    const services = [{ ...outputs.services[0]!, replicas: 1, autoscale }];
    const scaled = { ...outputs, services };
    const found = service({ ...spec, Mode: { Replicated: { Replicas } } }, scaled);
    const wants = wanted(scaled);
    expect(differences(wants, { ...wants, services: { ...wants.services, web: found } })).toEqual(
      lines,
    );
  });

  test("is only that it is there, where it is one of the compose file", () => {
    expect(service({ ...spec, Name: "shop_web" }, outputs)).toEqual({});
  });
});

describe("what a node says of its updates", () => {
  const said = (first: string) =>
    [
      first,
      "openssl 3.5.1-1 3.5.1-1+deb13u1 security 1793000000",
      "libc6:i386 2.41-11 2.41-12 other 1794000000",
    ].join("\n");

  test("is a line for each package: what it has, what there is, and since when", () => {
    expect(report("mg0", parseUpdates(said("fresh 1795000000")))).toEqual({
      security: [
        "mg0 lacks a security update: openssl 3.5.1-1, newer is 3.5.1-1+deb13u1, seen since 2026-10-26",
      ],
      notes: ["mg0 lacks an update: libc6:i386 2.41-11, newer is 2.41-12, seen since 2026-11-06"],
    });
  });

  test("is nothing where all is new", () => {
    expect(report("mg0", parseUpdates("fresh 1795000000\n"))).toEqual({ security: [], notes: [] });
  });

  test.each([
    ["stale 1795000000", "last did on 2026-11-18"],
    ["stale 0", "never did"],
  ])("is not passed off as all there is where the mirror does not answer (%s)", (first, last) => {
    const { security, notes } = report("mg0", parseUpdates(said(first)));
    expect(security).toHaveLength(1);
    expect(notes.at(-1)).toBe(
      `mg0: its package mirror does not answer, and ${last}: it may lack more updates`,
    );
  });

  test("is asked of every node, and one that cannot say has a line", async () => {
    const nodes = ["mg0", "worker0"].map((name) => ({ name }));
    const run = ({ name }: { name: string }, command: string) =>
      name === "mg0"
        ? Promise.resolve(said("fresh 1795000000"))
        : Promise.reject(new Error(`${name}: \`${command}\` failed: not found\nmore`));
    const { security, notes } = await updatesReport({ nodes, run } as unknown as Cluster);
    expect(security).toHaveLength(1);
    expect(notes[1]).toBe(
      "worker0: does not say which updates it lacks: " +
        "worker0: `/usr/local/sbin/swarm-updates` failed: not found",
    );
  });
});

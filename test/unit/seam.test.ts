/**
 * One definition, two targets: what is behind the seam (components/machine/machine.ts) is the same
 * graph on KVM and on EC2, inputs included, and all that differs is the targets' own.
 */
import { planEc2 } from "../../components/ec2/plan";
import { publicAddress, upOnEc2 } from "./ec2Run";
import { COMPOSE_FILE, key, up, useFolder } from "./graphRun";
import type { Registration, Run } from "./harness";

/** Config of a stack with all that comes after the seam, as far as a target has no say in it. */
const SAME = {
  managers: "3",
  workers: "2",
  sshUser: "admin",
  apiOutside: "true",
  portainerMode: "agent",
  visualizer: "true",
  overlayCheck: "true",
  dnsCache: "true",
  ec2IngressCidrs: "192.0.2.0/24",
  ...{ adminCidrs: "203.0.113.0/24", ec2AdminCidrs: "203.0.113.0/24" },
  composeFile: COMPOSE_FILE,
  externalPortainer: "true",
};
const NODES = ["mg0", "mg1", "mg2", "worker0", "worker1"];
/** What both targets have, by the names of the components at the top. */
const BEHIND = ["login", "swarm", "volumes", "backups", "services"];

let kvm: Run;
let ec2: Run;

jest.setTimeout(60_000); // enough for a machine that does other things too

useFolder();
beforeAll(async () => {
  const stack = "one";
  kvm = await up({ ...SAME, storage: "none" }, { stack });
  ec2 = await upOnEc2({ ...SAME, storage: "none" }, { stack });
});

/** The component at the top that a resource is part of, or its own name. */
function top({ resources }: Run, { name, parent }: Registration): string {
  if (!parent) return name;
  return top(
    { resources, outputs: {} },
    resources.find((one) => one.name === parent)!,
  );
}

const behind = (run: Run) => run.resources.filter((one) => BEHIND.includes(top(run, one)));
const before = (run: Run) => run.resources.filter((one) => !BEHIND.includes(top(run, one)));

/**
 * A run's inputs with names in the place of what a target decides: addresses, networks, identities
 * and keys.
 */
function mapped({ inputs, opts }: Registration, target: [from: string, to: string][]): unknown {
  let text = JSON.stringify({ inputs, dependsOn: undefined, opts: plainOptions(opts) });
  for (const [from, to] of target) text = text.replaceAll(from, to);
  return JSON.parse(text);
}

function plainOptions({
  ignoreChanges,
  deleteBeforeReplace,
  customTimeouts,
}: Registration["opts"]) {
  return { ignoreChanges, deleteBeforeReplace, customTimeouts };
}

/** A node's label with its address, in a command and in JSON. */
const ADDRESS = "swarm.address\\\\=";

function kvmNames(): [string, string][] {
  const last = (node: string) => Number(node.at(-1)) + (node.startsWith("mg") ? 10 : 20);
  return [
    // Rules that one card has no use for.
    ...NODES.map((node): [string, string] => [
      `    ct status dnat ct original ip daddr 192.168.42.${last(node)} drop\\n`,
      "",
    ]),
    // The firewall and Prometheus know the address that packets arrive with.
    ...NODES.flatMap((node): [string, string][] => [
      [`ip daddr 192.168.123.${last(node)} tcp`, `ip daddr INBOUND-${node} tcp`],
      [`${ADDRESS}192.168.123.${last(node)}`, `${ADDRESS}INBOUND-${node}`],
    ]),
    ...NODES.map((node): [string, string] => [`192.168.123.${last(node)}`, `PUBLIC-${node}`]),
    // On EC2 there is one network.
    ["{ 192.168.42.0/24, 192.168.123.0/24 }", "{ INTERNAL }"],
    ["192.168.42.0/24", "INTERNAL"],
    ...NODES.map((node): [string, string] => [`192.168.42.${last(node)}`, `PRIVATE-${node}`]),
    ...NODES.map((node): [string, string] => [`uuid-${node}-domain`, `IDENTITY-${node}`]),
  ];
}

function ec2Names(): [string, string][] {
  const config = {
    ec2VpcId: "",
    ec2VpcCidr: "192.168.128.0/18",
    ec2Zones: 3,
    managers: 3,
    workers: 2,
  };
  const around = { zones: ["a", "b", "c"], subnets: [] };
  const { nodes } = planEc2(
    { ...config, diskMB: 1 } as Parameters<typeof planEc2>[0],
    "one",
    around,
  );
  return [
    ["192.168.128.0/18", "INTERNAL"],
    ...nodes.flatMap(({ name, address }): [string, string][] => [
      [`ip daddr ${address} tcp dport { 22`, `ip daddr INBOUND-${name} tcp dport { 22`],
      [`${ADDRESS}${address}`, `${ADDRESS}INBOUND-${name}`],
    ]),
    ...nodes.map(({ name, address }): [string, string] => [address, `PRIVATE-${name}`]),
    ...NODES.map((node): [string, string] => [publicAddress(node), `PUBLIC-${node}`]),
    ...NODES.map((node): [string, string] => [`${node}-instance-id`, `IDENTITY-${node}`]),
  ];
}

/** The certificates of both are made up of what they are for. */
const CERTIFICATE = /certificate (\S+) [0-9a-f]{12}/g;

function withoutFingerprints(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value).replaceAll(CERTIFICATE, "certificate $1"));
}

describe("behind the seam, both targets have", () => {
  test("the same resources: type, name and parent", () => {
    expect(behind(kvm).length).toBeGreaterThan(50);
    expect(behind(ec2).map(key).sort()).toEqual(behind(kvm).map(key).sort());
  });

  test("the same inputs and options, but for addresses and what is made of them", () => {
    const shape = (run: Run, names: [string, string][]) =>
      Object.fromEntries(
        behind(run).map((one) => [one.name, withoutFingerprints(mapped(one, names))]),
      );
    expect(shape(ec2, ec2Names())).toEqual(shape(kvm, kvmNames()));
  });

  test("the same order: what waits for what", () => {
    const order = (run: Run) =>
      Object.fromEntries(behind(run).map((one) => [one.name, one.dependsOn]));
    expect(order(ec2)).toEqual(order(kvm));
  });

  test("the same shared storage, whoever the server is, but for how long it may take to answer", async () => {
    const nfs = { storage: "nfs", nfsServer: "192.168.42.1", nfsExport: "/" };
    const on = {
      kvm: await up({ ...SAME, ...nfs }, { stack: "one" }),
      ec2: await upOnEc2({ ...SAME, storage: "efs" }, { stack: "one" }),
    };
    expect(behind(on.ec2).map(key).sort()).toEqual(behind(on.kvm).map(key).sort());
    const inputs = (run: Run, words: string) =>
      JSON.stringify(
        run.resources.find(({ name }) => name === "volumes-folders")!.inputs.create,
      ).replace(words, "SECONDS SERVER");
    expect(inputs(on.ec2, "900 fs-1.efs.eu-central-1.amazonaws.com")).toBe(
      inputs(on.kvm, "30 192.168.42.1"),
    );
  });

  test("the same outputs", () => {
    expect(Object.keys(ec2.outputs)).toEqual(Object.keys(kvm.outputs));
  });
});

describe("before the seam", () => {
  test.each(["kvm", "ec2"] as const)("%s is one component", (target) => {
    const run = { kvm, ec2 }[target];
    const tops = new Set(before(run).map((one) => top(run, one)));
    expect([...tops].sort()).toEqual([target, "secret-names"].sort());
  });

  test("nothing of one target is on the other", () => {
    const types = (run: Run) => run.resources.map(({ type }) => type);
    expect(types(ec2).filter((type) => /libvirt|:kvm:/.test(type))).toEqual([]);
    expect(types(kvm).filter((type) => /^aws:|:ec2:/.test(type))).toEqual([]);
  });
});

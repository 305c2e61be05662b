import {
  planEc2,
  tagsOf,
  type Ec2Plan,
  type Ec2Surroundings,
  type ZonePlan,
} from "../../../components/ec2/plan";
import {
  addressAt,
  hostAddresses,
  isInside,
  overlap,
  poolHas,
  poolSize,
  subnets,
} from "../../../components/machine/addresses";
import { config, type Values } from "../stacks/configProblems";

const EC2 = { target: "ec2", ec2AdminCidrs: "203.0.113.7/32", diskMB: "20000" };

const REGION: Ec2Surroundings = { zones: ["x1", "x2", "x3", "x4"], subnets: [] };

function plan(changes: Values = {}, around = REGION): Ec2Plan {
  return planEc2(config({ ...EC2, ...changes }), "aws", around);
}

function zones(changes: Values = {}): ZonePlan[] {
  const { network } = plan(changes);
  return "zones" in network ? network.zones : [];
}

/** Every node's name and address. */
function addresses(changes: Values = {}): Record<string, string> {
  return Object.fromEntries(plan(changes).nodes.map(({ name, address }) => [name, address]));
}

describe("subnets of a network", () => {
  test.each([
    ["192.168.128.0/18", 20, ["128.0", "144.0", "160.0", "176.0"]],
    ["192.168.4.0/22", 23, ["4.0", "6.0"]],
    ["192.168.4.0/24", 24, ["4.0"]],
  ])("%s cut into /%i", (cidr, prefix, parts) => {
    expect(subnets(cidr, prefix)).toEqual(parts.map((part) => `192.168.${part}/${prefix}`));
  });
});

describe("three managers and three workers", () => {
  test("are spread over three zones, each with an address of its own subnet", () => {
    expect(zones()).toEqual([
      { name: "x1", publicCidr: "192.168.128.0/21", internalCidr: "192.168.160.0/21" },
      { name: "x2", publicCidr: "192.168.136.0/21", internalCidr: "192.168.168.0/21" },
      { name: "x3", publicCidr: "192.168.144.0/21", internalCidr: "192.168.176.0/21" },
    ]);
    expect(plan().nodes.map(({ name, zone }) => [name, zone])).toEqual([
      ["mg0", 0],
      ["mg1", 1],
      ["mg2", 2],
      ["worker0", 0],
      ["worker1", 1],
      ["worker2", 2],
    ]);
    expect(addresses()).toEqual({
      mg0: "192.168.128.10",
      mg1: "192.168.136.11",
      mg2: "192.168.144.12",
      worker0: "192.168.128.20",
      worker1: "192.168.136.21",
      worker2: "192.168.144.22",
    });
  });

  test("share the one zone, or the two, that there are", () => {
    const zonesOf = (changes: Values) => plan(changes).nodes.map(({ zone }) => zone);
    expect(zonesOf({ ec2Zones: "1" })).toEqual([0, 0, 0, 0, 0, 0]);
    expect(zonesOf({ ec2Zones: "2" })).toEqual([0, 1, 0, 0, 1, 0]);
    expect(new Set(Object.values(addresses({ ec2Zones: "1" }))).size).toBe(6);
  });
});

describe("addresses", () => {
  const largest = { managers: "7", workers: "100" };

  test.each(["192.168.128.0/18", "172.30.0.0/16", "192.168.4.0/22"])(
    "of the largest swarm in %s are each there once, and all usable",
    (ec2VpcCidr) => {
      for (const ec2Zones of ["1", "3"]) {
        const changes = { ...largest, ec2VpcCidr, ec2Zones };
        expect(new Set(Object.values(addresses(changes))).size).toBe(107);
        for (const { zone, address } of plan(changes).nodes) {
          const subnet = zones(changes)[zone]!.publicCidr;
          // AWS keeps the first four and the last one.
          const first = addressAt({ first: subnet.split("/")[0]! }, 4);
          const last = addressAt(hostAddresses(subnet), poolSize(hostAddresses(subnet)) - 1);
          expect(poolHas({ first, last }, address)).toBe(true);
        }
      }
    },
  );

  test("stay where they are when the number of nodes changes", () => {
    expect(addresses({ managers: "7", workers: "50" })).toMatchObject(addresses());
    expect(addresses()).toMatchObject(addresses({ managers: "1", workers: "1" }));
  });

  test("of zones overlap nowhere", () => {
    const all = zones().flatMap(({ publicCidr, internalCidr }) => [publicCidr, internalCidr]);
    for (const [i, one] of all.entries()) {
      for (const other of all.slice(i + 1)) expect(overlap(one, other)).toBe(false);
      expect(isInside(one, plan().vpcCidr)).toBe(true);
    }
  });
});

test("more zones than the region has are refused", () => {
  expect(() => plan({}, { zones: ["x1", "x2"], subnets: [] })).toThrow(
    'ec2Zones: "3" is more than this region has (x1, x2); write at most 2',
  );
});

describe("a VPC that is there", () => {
  const [VPC, A, B] = ["vpc-0123456789abcdef0", "subnet-0000000a", "subnet-0000000b"];
  const EXISTING = {
    ec2VpcId: VPC,
    ec2VpcCidr: "172.30.0.0/16",
    ec2PublicSubnets: `${A}, ${B}`,
  };
  const a = { id: A, vpcId: VPC, cidrBlock: "172.30.1.0/25" };
  const b = { id: B, vpcId: VPC, cidrBlock: "172.30.2.0/24" };
  const around = (...subnets: (typeof a)[]) => ({ zones: ["x1"], subnets });

  test("has as many zones as it has public subnets, and none is made", () => {
    const { network, nodes } = plan(EXISTING, around(b, a));
    expect(network).toEqual({ id: VPC, publicSubnets: [A, B], internalSubnets: [] });
    expect(nodes.map(({ name, zone, address }) => [name, zone, address])).toEqual([
      ["mg0", 0, "172.30.1.10"],
      ["mg1", 1, "172.30.2.11"],
      ["mg2", 0, "172.30.1.12"],
      ["worker0", 0, "172.30.1.20"],
      ["worker1", 1, "172.30.2.21"],
      ["worker2", 0, "172.30.1.22"],
    ]);
  });

  test.each<[string, Partial<typeof a>, string]>([
    ["in another VPC", { vpcId: "vpc-2" }, `is in vpc-2; write a subnet of ec2VpcId (${VPC})`],
    [
      "outside ec2VpcCidr",
      { cidrBlock: "10.0.0.0/24" },
      "has 10.0.0.0/24, which is not in ec2VpcCidr (172.30.0.0/16); write that VPC's own network " +
        "there",
    ],
    [
      "too small",
      { cidrBlock: "172.30.1.0/26" },
      "has 172.30.1.0/26, which is too small; write a subnet of /25 or larger",
    ],
  ])("has no use for a subnet %s", (_, changes, problem) => {
    expect(() => plan(EXISTING, around({ ...a, ...changes }, b))).toThrow(
      `The configuration has 1 problem:\n  - ec2PublicSubnets: "${A}" ${problem}`,
    );
  });

  test("may have a small internal subnet, but not one of another VPC", () => {
    const efs = { ...EXISTING, ec2PublicSubnets: A, ec2InternalSubnets: B, storage: "efs" };
    const small = { ...b, cidrBlock: "172.30.2.0/28" };
    expect(plan(efs, around(a, small)).network).toMatchObject({ internalSubnets: [B] });
    expect(() => plan(efs, around(a, { ...b, vpcId: "vpc-2" }))).toThrow(
      `ec2InternalSubnets: "${B}" is in vpc-2`,
    );
  });
});

describe("what nodes have", () => {
  test.each([
    ["managers", ["mg0", "mg1", "mg2"]],
    ["all", ["mg0", "mg1", "mg2", "worker0", "worker1", "worker2"]],
    ["none", []],
  ])("elastic IPs for %s", (ec2ElasticIps, names) => {
    const { nodes } = plan({ ec2ElasticIps });
    expect(nodes.filter(({ elasticIp }) => elasticIp).map(({ name }) => name)).toEqual(names);
  });

  test("spot for workers alone, and only where it is asked for", () => {
    const spot = (changes: Values) =>
      plan(changes)
        .nodes.filter((node) => node.spot)
        .map(({ name }) => name);
    expect(spot({})).toEqual([]);
    expect(spot({ ec2SpotWorkers: "true" })).toEqual(["worker0", "worker1", "worker2"]);
  });

  test.each([
    ["8000", 8],
    ["8590", 9],
    ["20000", 19],
    ["21475", 21],
  ])("a disk of %s MB is one of %i GiB", (diskMB, diskGiB) => {
    expect(plan({ diskMB }).diskGiB).toBe(diskGiB);
  });

  test("tags", () => {
    expect(tagsOf("aws", "mg0", "manager")).toEqual({
      Name: "aws-mg0",
      project: "pulumi-swarm",
      stack: "aws",
      role: "manager",
    });
  });
});

test("a stack's name has to be fit for its machines' names here too", () => {
  expect(() => planEc2(config(EC2), "My_stack", REGION)).toThrow(
    'stack: "My_stack" cannot be part of',
  );
});

import { parseConfig } from "../../../stacks/config";
import { readStackConfig } from "../../../stacks/stackFile";
import { join } from "node:path";
import { config, problems, type Values } from "./configProblems";

const EC2 = { target: "ec2", ec2AdminCidrs: "203.0.113.7/32", diskMB: "20000" };
const VPC = "vpc-0123456789abcdef0";
const SUBNET = (last: string) => `subnet-0000000000000000${last}`;

const CIDRS = "which is not an IPv4 network; write networks with commas between them, such as";
const ADMIN =
  "from where anyone could try SSH and the engines' API; write the addresses that you come from, " +
  "such as 203.0.113.7/32";
const IDS =
  "which is not a subnet's ID; write IDs such as subnet-0123456789abcdef0 with commas between " +
  "them, or nothing";
const id = (kind: string) =>
  `is not an ID of that kind; write one such as ${kind}-0123456789abcdef0, or nothing`;
const ARM = "has an ARM processor, and the image is for x86-64; write one such as t3.small";

describe("one bad value on EC2 is one problem, which says what to write instead", () => {
  test.each<[key: string, value: string, message: string, others?: Values]>([
    // The machines
    ["ec2InstanceType", "", "is not an instance type; write one such as t3.small"],
    ["ec2InstanceType", "t3", "is not an instance type; write one such as t3.small"],
    ["ec2InstanceType", "T3.small", "is not an instance type; write one such as t3.small"],
    ["ec2InstanceType", "t4g.small", ARM],
    ["ec2InstanceType", "m6gd.large", ARM],
    ["ec2InstanceType", "a1.medium", ARM],
    ["ec2InstanceType", "im4gn.large", ARM],
    ["ec2Ami", "debian-13", id("ami")],
    ["ec2Ami", "ami-xyz", id("ami")],
    ["ec2SpotWorkers", "some", "is neither true nor false; write true or false"],
    ["ec2ElasticIps", "true", "is not who has elastic IP addresses; write managers, all or none"],
    [
      "ec2ElasticIps",
      "none",
      "leaves the managers without addresses that last, which their certificates have to name for " +
        "apiOutside; write managers or all, or set apiOutside to false",
      { apiOutside: "true" },
    ],
    [
      "diskMB",
      "5000",
      "is less than Debian's image for EC2 takes (8 GiB); write at least 8000, such as 20000",
    ],

    // The VPC
    [
      "ec2VpcCidr",
      "192.168.128.1/18",
      "is not how that network is written; write 192.168.128.0/18",
    ],
    [
      "ec2VpcCidr",
      "192.168.128.0/24",
      "is too small; write a prefix from /16 to /22, such as 192.168.128.0/18",
    ],
    [
      "ec2VpcCidr",
      "172.17.0.0/20",
      "overlaps Docker's docker0 (172.17.0.0/16); write a network outside it",
    ],
    [
      "ec2VpcCidr",
      "10.200.0.0/16",
      "overlaps overlayAddressPool (10.0.0.0/8); write a network outside it",
    ],
    [
      "ec2VpcCidr",
      "172.18.64.0/18",
      "overlaps gwbridgeSubnet (172.18.0.0/16); write a network outside it",
    ],
    [
      "ec2VpcCidr",
      "172.20.0.0/16",
      "overlaps ingressSubnet (172.20.0.0/16); write a network outside it",
      { ingressSubnet: "172.20.0.0/16", ingressGateway: "172.20.0.2" },
    ],
    [
      "ingressMtu",
      "8950",
      "does not fit into the MTU of a VPC (9001), of which the overlay takes 100 bytes; write at " +
        "most 8901",
    ],
    ["ec2Zones", "0", "is less than 1; write a whole number from 1 to 3"],
    ["ec2Zones", "4", "is more than 3; write a whole number from 1 to 3"],
    ["ec2VpcId", "my-vpc", id("vpc")],
    ["ec2PublicSubnets", "public", `has "public" in it, ${IDS}`],
    [
      "ec2PublicSubnets",
      "",
      "is empty, but ec2VpcId names a VPC; write its public subnets, one for each zone",
      { ec2VpcId: VPC },
    ],
    ["ec2PublicSubnets", SUBNET("a"), "is set, but ec2VpcId is not; write both, or nothing"],
    [
      "ec2PublicSubnets",
      ["a", "b", "c", "d"].map(SUBNET).join(","),
      "has 4 subnets in it; write at most 3, each in a zone of its own",
      { ec2VpcId: VPC },
    ],
    [
      "ec2PublicSubnets",
      `${SUBNET("a")},${SUBNET("a")}`,
      `has ${SUBNET("a")} in it twice; write it once`,
      { ec2VpcId: VPC },
    ],
    [
      "ec2InternalSubnets",
      SUBNET("a"),
      "is set, but only efs in a VPC that exists (ec2VpcId) has a use for it; write nothing",
    ],
    [
      "ec2InternalSubnets",
      SUBNET("c"),
      "has 1 subnets, and ec2PublicSubnets 2; write one for each zone, in the same order",
      { ec2VpcId: VPC, ec2PublicSubnets: `${SUBNET("a")},${SUBNET("b")}`, storage: "efs" },
    ],

    // Who may come in
    [
      "ec2AdminCidrs",
      "",
      "is empty, so nobody could log in, this program included; write the addresses that you come " +
        "from, such as 203.0.113.7/32",
    ],
    ["ec2AdminCidrs", "0.0.0.0/0", `has 0.0.0.0/0 in it, ${ADMIN}`],
    ["ec2AdminCidrs", "203.0.113.0/24,128.0.0.0/1", `has 128.0.0.0/1 in it, ${ADMIN}`],
    ["ec2AdminCidrs", "203.0.113.7", `has "203.0.113.7" in it, ${CIDRS} 203.0.113.7/32`],
    [
      "ec2AdminCidrs",
      "203.0.113.7/24",
      "has 203.0.113.7/24 in it, which is not how that is written; write 203.0.113.0/24",
    ],
    [
      "ec2AdminCidrs",
      "203.0.113.7/32, 203.0.113.7/32",
      "has 203.0.113.7/32 in it twice; write it once",
    ],
    ["ec2IngressCidrs", "everyone", `has "everyone" in it, ${CIDRS} 0.0.0.0/0`],
    [
      "ec2IngressCidrs",
      "0.0.0.0/0",
      "has 0.0.0.0/0 in it, which makes dnsCache a resolver for the whole Internet, and a means of " +
        "attack; write who may ask it, or set dnsCache to false",
      { dnsCache: "true" },
    ],
    ["ec2Balancer", "network", "is neither true nor false; write true or false"],
    [
      "ec2ApiBalancer",
      "true",
      "is a way in from outside, but apiOutside is false; set apiOutside to true, or write false",
    ],

    // Storage
    ["storage", "machine", "is for KVM; write efs, nfs or none"],
  ])("%s: %j", (key, value, message, others = {}) => {
    expect(problems({ ...EC2, ...others, [key]: value })).toEqual([
      `${key}: ${JSON.stringify(value)} ${message}`,
    ]);
  });

  test("storage: efs on KVM", () => {
    expect(problems({ storage: "efs" })).toEqual([
      'storage: "efs" is for EC2; write machine, nfs or none',
    ]);
  });
});

describe("what only the other target has a use for", () => {
  test.each<[string, Values]>([
    ["the same networks", { internalNetworkCidr: "192.168.123.0/24" }],
    ["a network in the overlays' range", { natNetworkCidr: "10.0.0.0/24" }],
    ["a range outside its network", { natNetworkAddresses: "192.168.5.10-192.168.5.20" }],
    ["an MTU that the ingress network does not fit into", { internalNetworkMtu: "1280" }],
    ["networks in the VPC", { natNetworkCidr: "192.168.128.0/24" }],
  ])("is no problem on EC2: %s", (_, changes) => {
    expect(problems({ ...EC2, ...changes })).toEqual([]);
  });

  test.each<[string, Values]>([
    ["nobody who may log in", { ec2AdminCidrs: "" }],
    ["a VPC in the overlays' range", { ec2VpcCidr: "10.0.0.0/16" }],
    ["a VPC without subnets", { ec2VpcId: VPC }],
    ["a balancer of an API that is not open", { ec2ApiBalancer: "true" }],
    ["a small disk", { diskMB: "5000" }],
  ])("is no problem on KVM: %s", (_, changes) => {
    expect(problems(changes)).toEqual([]);
  });
});

describe("lists", () => {
  test("are read as their items, with or without spaces", () => {
    const { ec2AdminCidrs, ec2IngressCidrs, ec2PublicSubnets } = config({
      ...EC2,
      ec2AdminCidrs: "203.0.113.7/32, 198.51.100.0/24",
      ec2IngressCidrs: "",
      ec2VpcId: VPC,
      ec2PublicSubnets: `${SUBNET("a")},${SUBNET("b")}`,
    });
    expect(ec2AdminCidrs).toEqual(["203.0.113.7/32", "198.51.100.0/24"]);
    expect(ec2IngressCidrs).toEqual([]);
    expect(ec2PublicSubnets).toEqual([SUBNET("a"), SUBNET("b")]);
  });

  test.each([
    "t3.small",
    "t3a.micro",
    "m7i-flex.large",
    "g4dn.xlarge",
    "g5.xlarge",
    "u-6tb1.metal",
  ])("%s is an instance type for x86-64", (ec2InstanceType) => {
    expect(problems({ ...EC2, ec2InstanceType })).toEqual([]);
  });
});

test("Pulumi.aws.yaml is three managers and three workers on EC2, closed to the world", () => {
  expect(parseConfig(readStackConfig(join(__dirname, "../../.."), "aws"))).toMatchObject({
    target: "ec2",
    managers: 3,
    workers: 3,
    ec2Zones: 3,
    // A range for documentation, to be changed.
    ec2AdminCidrs: ["203.0.113.0/24"],
    storage: "efs",
  });
});

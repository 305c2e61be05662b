import { addressAt, isInside, prefixLength, subnets } from "../machine/addresses";
import { ConfigError } from "../machine/configError";
import { checkStackName, nodeIds, type NodeId } from "../machine/nodes";
import { slotOf } from "../machine/slots";

/** What a cluster is planned from, by the names of the config's keys. */
export interface Ec2Settings {
  managers: number;
  workers: number;
  /** Of each machine's root disk. */
  diskMB: number;
  /** A VPC that exists; empty to make one. */
  ec2VpcId: string;
  ec2VpcCidr: string;
  /** How many availability zones a VPC that is made has. */
  ec2Zones: number;
  /** Subnets of the VPC that exists, zone by zone. */
  ec2PublicSubnets: string[];
  ec2InternalSubnets: string[];
  /** Which nodes have an elastic IP. */
  ec2ElasticIps: "none" | "managers" | "all";
  /** Whether workers are spot instances. */
  ec2SpotWorkers: boolean;
}

/** What AWS says about the region and about what the config names in it. */
export interface Ec2Surroundings {
  /** Names of the region's availability zones. */
  zones: string[];
  /** The subnets of `ec2PublicSubnets` and `ec2InternalSubnets`. */
  subnets: FoundSubnet[];
}

/** A subnet that is there already. */
export interface FoundSubnet {
  id: string;
  vpcId: string;
  cidrBlock: string;
}

/** One availability zone of a VPC that the stack makes. */
export interface ZonePlan {
  /** AWS's name of it, for example `eu-central-1a`. */
  name: string;
  /** Subnet of the nodes in this zone, with a way in and out. */
  publicCidr: string;
  /** Subnet without a way out, for the file system's address in this zone. */
  internalCidr: string;
}

/** A VPC that is there already: its ID and those of its subnets, zone by zone. */
export interface ExistingVpc {
  id: string;
  publicSubnets: string[];
  /** As many, or none where nothing needs them. */
  internalSubnets: string[];
}

export interface Ec2NodePlan extends NodeId {
  /** Position of its availability zone, from 0. */
  zone: number;
  /** Its one private address: what it is known by in the swarm. */
  address: string;
  /** Whether its public address is an elastic one. */
  elasticIp: boolean;
  spot: boolean;
}

/** A cluster on EC2, decided before anything is made. */
export interface Ec2Plan {
  /** Name of the Pulumi stack. */
  stack: string;
  /** Managers first, then workers. */
  nodes: Ec2NodePlan[];
  managers: Ec2NodePlan[];
  /** Every address of the VPC. */
  vpcCidr: string;
  /** The zones of the VPC to make, or the VPC to use. */
  network: { zones: ZonePlan[] } | ExistingVpc;
  /** Of the root disk. EBS counts in GiB. */
  diskGiB: number;
}

/**
 * The first addresses of a subnet are AWS's own; nodes begin where they do on KVM by default.
 * https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
 */
const FIRST_HOST = 10;

/** A VPC is cut into eight: up to three public subnets, up to three internal ones, two spare. */
const CUT_BITS = 3;
const INTERNAL_FROM = 4;

/** Prefix of the smallest subnet that the largest swarm fits into. */
const SMALLEST_SUBNET = 25;

/**
 * Decides everything about a stack's cluster on EC2: the same config, stack name and surroundings
 * always give the same plan.
 *
 * @throws ConfigError when the stack's name is not fit for its machines' names, or the config does
 *   not fit its surroundings.
 */
export function planEc2(config: Ec2Settings, stack: string, around: Ec2Surroundings): Ec2Plan {
  checkStackName(stack);
  const existing = config.ec2VpcId !== "";
  const problems = existing ? subnetProblems(config, around) : zoneProblems(config, around);
  if (problems.length > 0) throw new ConfigError(problems);

  const zones = existing ? [] : planZones(config, around);
  const publicCidrs = existing
    ? config.ec2PublicSubnets.map((id) => find(around, id).cidrBlock)
    : zones.map(({ publicCidr }) => publicCidr);
  const nodes = nodeIds(config).map((id) => planNode(config, id, publicCidrs));
  return {
    stack,
    nodes,
    managers: nodes.filter(({ role }) => role === "manager"),
    vpcCidr: config.ec2VpcCidr,
    network: existing
      ? {
          id: config.ec2VpcId,
          publicSubnets: config.ec2PublicSubnets,
          internalSubnets: config.ec2InternalSubnets,
        }
      : { zones },
    diskGiB: Math.ceil((config.diskMB * 1_000_000) / 2 ** 30),
  };
}

function planNode(config: Ec2Settings, id: NodeId, publicCidrs: string[]): Ec2NodePlan {
  const { ec2ElasticIps, ec2SpotWorkers } = config;
  const zone = id.index % publicCidrs.length;
  const first = publicCidrs[zone]!.split("/")[0]!;
  return {
    ...id,
    zone,
    // As if there were one subnet: a node's last number says which one it is, in every zone.
    address: addressAt({ first }, FIRST_HOST + slotOf(id.role, id.index)),
    elasticIp: ec2ElasticIps === "all" || (ec2ElasticIps === "managers" && id.role === "manager"),
    spot: ec2SpotWorkers && id.role === "worker",
  };
}

function planZones({ ec2VpcCidr, ec2Zones }: Ec2Settings, { zones }: Ec2Surroundings): ZonePlan[] {
  const parts = subnets(ec2VpcCidr, prefixLength(ec2VpcCidr) + CUT_BITS);
  return zones.slice(0, ec2Zones).map((name, zone) => ({
    name,
    publicCidr: parts[zone]!,
    internalCidr: parts[INTERNAL_FROM + zone]!,
  }));
}

function zoneProblems({ ec2Zones }: Ec2Settings, { zones }: Ec2Surroundings): string[] {
  return ec2Zones > zones.length
    ? [
        `ec2Zones: "${ec2Zones}" is more than this region has (${zones.join(", ")}); write at most ` +
          `${zones.length}`,
      ]
    : [];
}

function subnetProblems(config: Ec2Settings, around: Ec2Surroundings): string[] {
  return (["ec2PublicSubnets", "ec2InternalSubnets"] as const).flatMap((key) =>
    config[key].flatMap((id) => {
      const problem = subnetProblem(config, key, find(around, id));
      return problem ? [`${key}: "${id}" ${problem}`] : [];
    }),
  );
}

function subnetProblem(
  { ec2VpcId, ec2VpcCidr }: Ec2Settings,
  key: "ec2PublicSubnets" | "ec2InternalSubnets",
  { vpcId, cidrBlock }: FoundSubnet,
): string | undefined {
  if (vpcId !== ec2VpcId) return `is in ${vpcId}; write a subnet of ec2VpcId (${ec2VpcId})`;
  if (!isInside(cidrBlock, ec2VpcCidr)) {
    return `has ${cidrBlock}, which is not in ec2VpcCidr (${ec2VpcCidr}); write that VPC's own network there`;
  }
  return key === "ec2PublicSubnets" && prefixLength(cidrBlock) > SMALLEST_SUBNET
    ? `has ${cidrBlock}, which is too small; write a subnet of /${SMALLEST_SUBNET} or larger`
    : undefined;
}

function find({ subnets }: Ec2Surroundings, wanted: string): FoundSubnet {
  const found = subnets.find(({ id }) => id === wanted);
  if (!found) throw new Error(`the subnet ${wanted} was not looked up`);
  return found;
}

/** What every resource on AWS is tagged with. */
export function tagsOf(stack: string, name: string, role: string): Record<string, string> {
  return { Name: `${stack}-${name}`, project: "pulumi-swarm", stack, role };
}

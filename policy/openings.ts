/** What is let in from where: by AWS's security groups, and by the nodes' own firewall. */
import { isInside, overlap, prefixLength } from "../components/machine/addresses";
import type { Opening as NodeOpening } from "../components/swarm/firewall";
import { stackOutputs } from "./program";
import type { Resource } from "./rule";

export interface Opening {
  /** The resource that it is part of, or the node. */
  name: string;
  /** Networks. None of another kind, such as a security group, are among them. */
  from: string[];
  /** `all` is every one of them. */
  protocol: string;
  /** First and last one. */
  ports: [first: number, last: number][];
}

const EVERY_PORT: [number, number] = [0, 65535];
/** Those that AWS writes as a number. */
const PROTOCOLS: Record<string, string> = {
  "-1": "all",
  "1": "icmp",
  "6": "tcp",
  "17": "udp",
  "50": "esp",
  "58": "icmpv6",
};

interface RuleProps {
  type?: string;
  cidrBlocks?: (string | undefined)[];
  ipv6CidrBlocks?: (string | undefined)[];
  cidrIpv4?: string;
  cidrIpv6?: string;
  protocol?: string;
  ipProtocol?: string;
  fromPort?: number;
  toPort?: number;
}

/** What the security groups let in. */
export function groupOpenings(resources: Resource[]): Opening[] {
  return resources.flatMap((resource) =>
    groupRules(resource).map((rule): Opening => {
      const protocol = String(rule.protocol ?? rule.ipProtocol ?? "-1");
      const named = PROTOCOLS[protocol] ?? protocol;
      const { fromPort = EVERY_PORT[0], toPort = EVERY_PORT[1] } = rule;
      return {
        name: resource.name,
        from: [
          ...(rule.cidrBlocks ?? []),
          ...(rule.ipv6CidrBlocks ?? []),
          rule.cidrIpv4,
          rule.cidrIpv6,
          // Undefined is what is not known yet.
        ].flatMap((cidr) => cidr ?? []),
        protocol: named,
        ports: [named === "all" ? EVERY_PORT : [fromPort, toPort]],
      };
    }),
  );
}

function groupRules({ type, props }: Resource): RuleProps[] {
  switch (type) {
    case "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule":
      return [props];
    case "aws:ec2/securityGroupRule:SecurityGroupRule":
      return (props as RuleProps).type === "ingress" ? [props] : [];
    case "aws:ec2/securityGroup:SecurityGroup":
    case "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup":
      return (props.ingress ?? []) as RuleProps[];
    default:
      return [];
  }
}

/** What the nodes' own firewall lets in, as far as it is known. */
export function nodeOpenings(resources: Resource[]): Opening[] {
  return Object.entries(stackOutputs(resources).firewall ?? {}).flatMap(([name, openings = []]) =>
    openings.map(({ protocol, ports, from }: NodeOpening) => ({
      name,
      // What names nobody is for everybody.
      from: from.length > 0 ? from : ["0.0.0.0/0"],
      protocol,
      ports: ports.map((port): [number, number] => [port, port]),
    })),
  );
}

/** Whether it opens a port such as `80/tcp`. */
export function opens({ protocol, ports }: Opening, port: string): boolean {
  const [number, kind] = port.split("/");
  return (
    [kind, "all"].includes(protocol) &&
    ports.some(([first, last]) => first <= Number(number) && Number(number) <= last)
  );
}

/** Shorter prefixes than these are no list of known addresses, even where two halves make the world. */
const WORLD_PREFIX = { v4: 8, v6: 16 };

export function isWorld(cidr: string): boolean {
  return isIpv6(cidr)
    ? Number(cidr.split("/")[1]) < WORLD_PREFIX.v6
    : prefixLength(cidr) < WORLD_PREFIX.v4;
}

/** Whether a network lies inside one of these, which are IPv4. */
export function isAmong(cidr: string, networks: string[]): boolean {
  return !isIpv6(cidr) && networks.some((network) => isInside(cidr, network));
}

/** Whether a network has an address in common with one of these, which are IPv4. */
export function touches(cidr: string, networks: string[]): boolean {
  return !isIpv6(cidr) && networks.some((network) => overlap(cidr, network));
}

const isIpv6 = (cidr: string) => cidr.includes(":");

import { composeServices } from "../../plan/compose";
import { prefixLength } from "../../plan/addresses";
import { portOf, type Publish } from "../../plan/publish";
import { stackOutputs, variable } from "../program";
import { show, type Finding, type Resource, type StackRule } from "../rule";

export const noOpenWorld: StackRule = {
  name: "no-open-world",
  description:
    "Only ports that services publish are open to everybody. SSH, the API and the swarm's own " +
    "ports are for known addresses: each of them is a way to root.",
  level: "mandatory",
  checkStack(resources) {
    const published = new Set(resources.flatMap(publishedPorts));
    const apiOutside = stackOutputs(resources).apiOutside === true;
    return resources.flatMap((resource) =>
      [
        ...openings(resource).flatMap((opening) => openingProblem(opening, published)),
        ...firewallProblems(resource, apiOutside ? [22, 2376] : [22]),
      ].map((message): Finding => ({ name: resource.name, message })),
    );
  },
};

/** Ports that services publish, as `80/tcp`. */
function publishedPorts(resource: Resource): string[] {
  const compose = variable(resource, "COMPOSE");
  if (compose !== undefined) return composeServices(compose).flatMap(({ publish }) => publish);
  if (resource.type !== "docker:index/service:Service") return [];
  const { endpointSpec } = resource.props as {
    endpointSpec?: { ports?: { publishedPort?: number; protocol?: Publish["protocol"] }[] };
  };
  return (endpointSpec?.ports ?? []).flatMap(({ publishedPort, protocol = "tcp" }) =>
    publishedPort ? [portOf({ published: publishedPort, protocol })] : [],
  );
}

/** One rule of an AWS security group for what comes in. */
interface Opening {
  from: string[];
  protocol: string;
  /** Undefined where it is not known yet, or means every port. */
  firstPort: number | undefined;
  lastPort: number | undefined;
}

interface RuleProps {
  type?: string;
  cidrBlocks?: string[];
  ipv6CidrBlocks?: string[];
  cidrIpv4?: string;
  cidrIpv6?: string;
  protocol?: string;
  ipProtocol?: string;
  fromPort?: number;
  toPort?: number;
}

function openings({ type, props }: Resource): Opening[] {
  const read = (rule: RuleProps): Opening => ({
    from: [
      ...(rule.cidrBlocks ?? []),
      ...(rule.ipv6CidrBlocks ?? []),
      ...[rule.cidrIpv4, rule.cidrIpv6].flatMap((cidr) => cidr ?? []),
    ],
    protocol: String(rule.protocol ?? rule.ipProtocol ?? "-1"),
    firstPort: rule.fromPort,
    lastPort: rule.toPort,
  });
  switch (type) {
    case "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule":
      return [read(props)];
    case "aws:ec2/securityGroupRule:SecurityGroupRule":
      return (props as RuleProps).type === "ingress" ? [read(props)] : [];
    case "aws:ec2/securityGroup:SecurityGroup":
    case "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup":
      return ((props.ingress ?? []) as RuleProps[]).map(read);
    default:
      return [];
  }
}

/** Shorter prefixes than this are no list of known addresses, even where two halves make the world. */
const WORLD_PREFIX = 8;

function isWorld(cidr: string): boolean {
  return cidr.includes(":") ? Number(cidr.split("/")[1]) < 16 : prefixLength(cidr) < WORLD_PREFIX;
}

/** ICMP has no ports. What it says to everybody, path MTU above all, TCP needs. */
const PORTLESS = ["icmp", "icmpv6", "1", "58"];
const PROTOCOLS: Record<string, string> = { "6": "tcp", "17": "udp" };

function openingProblem(opening: Opening, published: Set<string>): string[] {
  const { from, firstPort = 0, lastPort = 65535 } = opening;
  const protocol = PROTOCOLS[opening.protocol] ?? opening.protocol;
  const world = from.find(isWorld);
  if (!world || PORTLESS.includes(protocol)) return [];
  const every = protocol === "-1" || protocol === "all";
  const closed = every
    ? "every port"
    : portsBetween(firstPort, lastPort, protocol).find((port) => !published.has(port));
  return closed
    ? [
        `lets ${show(world)} in to ${closed}, which no service publishes; write the addresses that ` +
          "need it, or publish it",
      ]
    : [];
}

function portsBetween(first: number, last: number, protocol: string): string[] {
  return Array.from({ length: last - first + 1 }, (_, i) => `${first + i}/${protocol}`);
}

/** What a node's nftables.conf lets in from anywhere. */
function firewallProblems(resource: Resource, allowed: number[]): string[] {
  const rules = variable(resource, "FIREWALL");
  if (rules === undefined) return [];
  const input = /chain input \{(?<lines>.*?)\n {2}\}/s.exec(rules)?.groups?.lines;
  if (!input || !/hook input .*policy drop;/.test(input)) {
    return [`its firewall has no "policy drop" for what comes in; write it (plan/firewall.ts)`];
  }
  return input
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line.endsWith("accept") && !HARMLESS.test(line))
    .flatMap((line) => {
      const ports = /tcp dport (?:\{(?<set>[^}]*)\}|(?<one>\d+))/.exec(line)?.groups;
      const open = (ports?.set ?? ports?.one)?.split(",").map(Number);
      const closed = open?.filter((port) => !allowed.includes(port));
      if (closed?.length === 0) return [];
      return [
        `its firewall has ${show(line)}, which lets everybody in to ${closed?.join(", ") ?? "it"}; ` +
          `write "ip saddr" with the internal network, or publish the port`,
      ];
    });
}

/** Answers, the machine itself, ICMP, and what says whom it lets in. */
const HARMLESS =
  /^(ct state established,related|iif lo|meta l4proto \{ icmp, ipv6-icmp \}|ip saddr )/;

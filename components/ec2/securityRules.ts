import { API_PORT } from "../swarm/engine";
import { meshTcpPorts, usersPorts, type OpenPort } from "../swarm/publish";

/**
 * The security groups: of every node, of managers beside that, of the file system, and of the load
 * balancers for published ports and for the API.
 */
export const SECURITY_GROUPS = {
  nodes: "Every node of the swarm",
  managers: "The swarm's managers",
  efs: "The swarm's file system",
  balancer: "Load balancer of published ports",
  "api-balancer": "Load balancer of the managers' API",
} as const;

export type SecurityGroupName = keyof typeof SECURITY_GROUPS;

export interface SecurityRule {
  group: SecurityGroupName;
  direction: "in" | "out";
  /** `50` is ESP, `-1` is everything. */
  protocol: "tcp" | "udp" | "icmp" | "50" | "-1";
  /** For TCP and UDP. */
  port?: number;
  /** From or to where: a group, or an IPv4 network. */
  peer: SecurityGroupName | `${string}/${string}`;
}

export interface SecurityRulesArgs {
  config: {
    apiOutside: boolean;
    monitoring: boolean;
    /** From where SSH, the API and management pages are reached. */
    ec2AdminCidrs: string[];
    /** From where published ports are reached. */
    ec2IngressCidrs: string[];
    ec2Balancer: boolean;
    ec2ApiBalancer: boolean;
    storage: string;
  };
  /** Ports that services have open on nodes. */
  published: OpenPort[];
}

const ANYWHERE = "0.0.0.0/0";
/** Every node answers here, whatever it runs. */
const GOSSIP_PORT = 7946;

/** The groups that a stack has. */
export function securityGroups({ config }: SecurityRulesArgs): SecurityGroupName[] {
  return [
    "nodes",
    "managers",
    ...(config.storage === "efs" ? (["efs"] as const) : []),
    ...(config.ec2Balancer ? (["balancer"] as const) : []),
    ...(config.ec2ApiBalancer ? (["api-balancer"] as const) : []),
  ];
}

/**
 * All that is let through on EC2, before the nodes' own firewall (components/swarm/firewall.ts), which lets in
 * the same.
 * https://docs.docker.com/engine/swarm/swarm-tutorial/#open-protocols-and-ports-between-the-hosts
 */
export function securityRules(args: SecurityRulesArgs): SecurityRule[] {
  const { config, published } = args;
  const { ec2AdminCidrs: admins, ec2IngressCidrs: clients } = config;
  const mesh = balancedPorts(published);
  return [
    rule("nodes", "in", "tcp", "nodes", GOSSIP_PORT),
    rule("nodes", "in", "udp", "nodes", GOSSIP_PORT),
    rule("nodes", "in", "udp", "nodes", 4789),
    rule("nodes", "in", "50", "nodes"),
    rule("nodes", "in", "icmp", "nodes"),
    ...(config.monitoring
      ? meshTcpPorts(usersPorts(published)).map((port) => rule("nodes", "in", "tcp", "nodes", port))
      : []),
    ...admins.map((cidr) => rule("nodes", "in", "tcp", cidr, 22)),
    ...published.flatMap(({ protocol, published: port, management }) =>
      (management ? admins : clients).map((cidr) => rule("nodes", "in", protocol, cidr, port)),
    ),
    rule("nodes", "out", "-1", ANYWHERE),

    rule("managers", "in", "tcp", "nodes", 2377),
    rule("managers", "in", "tcp", "nodes", API_PORT),
    ...(config.apiOutside
      ? admins.map((cidr) => rule("managers", "in", "tcp", cidr, API_PORT))
      : []),

    ...(config.storage === "efs" ? [rule("efs", "in", "tcp", "nodes", 2049)] : []),

    ...(config.ec2Balancer ? balancerRules(mesh, clients) : []),
    ...(config.ec2ApiBalancer
      ? [
          ...admins.map((cidr) => rule("api-balancer", "in", "tcp", cidr, API_PORT)),
          rule("api-balancer", "out", "tcp", "managers", API_PORT),
          rule("managers", "in", "tcp", "api-balancer", API_PORT),
        ]
      : []),
  ];
}

/**
 * The ports that the load balancer spreads over all nodes: those of the routing mesh. Management
 * pages are not on it: administrators reach them on the nodes.
 */
export function balancedPorts(published: OpenPort[]): OpenPort[] {
  return usersPorts(published).filter(({ mode }) => mode === "ingress");
}

/** A UDP port says nothing about health, so for one the balancer asks another of the node's. */
export function healthPort({ protocol, published }: OpenPort): number {
  return protocol === "tcp" ? published : GOSSIP_PORT;
}

/** What the balancer lets in, and what it sends on to the nodes: requests, and health checks. */
function balancerRules(ports: OpenPort[], clients: string[]): SecurityRule[] {
  const onward = [
    ...ports.map(({ protocol, published }) => [protocol, published] as const),
    ...ports.map((port) => ["tcp", healthPort(port)] as const),
  ].filter(
    ([protocol, port], i, all) => i === all.findIndex(([a, b]) => a === protocol && b === port),
  );
  return [
    ...ports.flatMap(({ protocol, published }) =>
      clients.map((cidr) => rule("balancer", "in", protocol, cidr, published)),
    ),
    ...onward.flatMap(([protocol, port]) => [
      rule("balancer", "out", protocol, "nodes", port),
      rule("nodes", "in", protocol, "balancer", port),
    ]),
  ];
}

function rule(
  group: SecurityGroupName,
  direction: SecurityRule["direction"],
  protocol: SecurityRule["protocol"],
  peer: string,
  port?: number,
): SecurityRule {
  const to = peer as SecurityRule["peer"];
  return { group, direction, protocol, peer: to, ...(port === undefined ? {} : { port }) };
}

/** Names a rule by what it says, so that another rule that comes or goes does not rename it. */
export function ruleName({ group, direction, protocol, port, peer }: SecurityRule): string {
  const kind = { "50": "esp", "-1": "all" }[protocol as string] ?? protocol;
  return [group, direction, kind, ...(port ? [port] : []), peer.replace("/", "-")].join("-");
}

/** Whether a rule's other side is a group of the stack's. */
export function isGroup(peer: SecurityRule["peer"]): peer is SecurityGroupName {
  return peer in SECURITY_GROUPS;
}

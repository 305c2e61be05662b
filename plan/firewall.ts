import { API_PORT, METRICS_PORT } from "./engine";
import type { Role } from "./nodes";

export interface FirewallArgs {
  role: Role;
  /** What packets from outside are addressed to: the node's address in the NAT network. */
  ingressAddress: string;
  /** The node's address in the internal network. It may be the same one. */
  advertiseAddress: string;
  /** The internal network: who may use the swarm's own ports. */
  internalCidr: string;
  /** Whether managers have the API open on their ingress address too. */
  apiOutside: boolean;
  /** Whether Prometheus, in a container on any of the nodes, reads the engines' metrics. */
  monitoring: boolean;
  /** Where containers come from that ask their own node. */
  gwbridgeSubnet: string;
}

/** https://docs.docker.com/engine/swarm/swarm-tutorial/#open-protocols-and-ports-between-the-hosts */
const SWARM_TCP = [7946];
const SWARM_UDP = [7946, 4789];
const MANAGER_TCP = [2377, API_PORT];
const NFS_TCP = [2049];

/**
 * A machine's /etc/nftables.conf: a table of its own beside Docker's rules, which lets in what is
 * needed and nothing else. Ports that services publish pass by `forward`, not by `input`; there
 * they are kept to the ingress address, where that is another one.
 *
 * With monitoring, the engines' metrics are open to the other nodes; and to containers of the node
 * itself, as is a manager's API, whose certificate is looked at.
 *
 * Two counters tell what the nodes say to each other: `esp_in` encrypted packets, and
 * `clear_vxlan_in` packets of overlay networks that were not encrypted.
 */
export function firewallRules(args: FirewallArgs): string {
  const { role, ingressAddress, advertiseAddress, internalCidr, apiOutside } = args;
  const monitored = args.monitoring && role !== "storage" ? [METRICS_PORT] : [];
  const outsideTcp = [22, ...(role === "manager" && apiOutside ? [API_PORT] : [])];
  const internalTcp =
    role === "storage"
      ? NFS_TCP
      : [...SWARM_TCP, ...(role === "manager" ? MANAGER_TCP : []), ...monitored];
  const internal = `ip saddr ${internalCidr} ip daddr ${advertiseAddress}`;
  // Elsewhere it comes with its node's address, but not on the node itself.
  const containers = `iifname "docker_gwbridge" ip saddr ${args.gwbridgeSubnet} ip daddr ${advertiseAddress}`;
  const fromContainers = [...monitored, ...(role === "manager" ? [API_PORT] : [])];
  const swarm = [
    `    ${internal} ip protocol esp accept`,
    `    ${internal} udp dport ${set(SWARM_UDP)} accept`,
  ];
  return `${[
    "#!/usr/sbin/nft -f",
    "table inet swarm",
    "delete table inet swarm",
    "table inet swarm {",
    "  counter esp_in { }",
    "  counter clear_vxlan_in { }",
    "  chain input {",
    "    type filter hook input priority filter; policy drop;",
    "    ip protocol esp counter name esp_in",
    "    udp dport 4789 meta ipsec missing counter name clear_vxlan_in",
    "    ct state established,related accept",
    "    iif lo accept",
    // Who claims an address of the other network is none of it.
    "    fib saddr . iif oif missing drop",
    "    meta l4proto { icmp, ipv6-icmp } accept",
    `    ip daddr ${ingressAddress} tcp dport ${set(outsideTcp)} accept`,
    `    ${internal} tcp dport ${set(internalTcp)} accept`,
    ...(role === "storage" ? [] : swarm),
    ...(monitored.length > 0 ? [`    ${containers} tcp dport ${set(fromContainers)} accept`] : []),
    "  }",
    "  chain forward {",
    "    type filter hook forward priority filter; policy accept;",
    ...(ingressAddress === advertiseAddress
      ? []
      : [`    ct status dnat ct original ip daddr ${advertiseAddress} drop`]),
    "  }",
    "}",
  ].join("\n")}\n`;
}

function set(ports: number[]): string {
  return `{ ${ports.join(", ")} }`;
}

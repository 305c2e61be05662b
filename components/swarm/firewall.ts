import { isAddress } from "../machine/addresses";
import { API_PORT } from "./engine";
import type { Role } from "../machine/nodes";

/** Ports of management pages, and who may ask them. */
export interface AdminPorts {
  /** TCP ports that services publish. */
  ports: number[];
  /** Networks, for example `203.0.113.0/24`. None: the pages are open like any other published port. */
  from: string[];
}

export interface FirewallArgs {
  role: Role;
  /** What packets from outside are addressed to: the node's address in the NAT network. */
  ingressAddress: string;
  /** The node's address in the internal network. It may be the same one. */
  advertiseAddress: string;
  /** The internal network: who may use the swarm's own ports. */
  internalCidr: string;
  /** The networks that the machines have their addresses in, the internal one among them. */
  machineCidrs: string[];
  /** An NFS server that is not the stack's, by its address; empty, or a name, for none. */
  nfsServer: string;
  /** Whether managers have the API open on their ingress address too. */
  apiOutside: boolean;
  /** Default: every published port is open to everybody. */
  adminPorts?: AdminPorts;
}

/** A door of a machine: who may reach what of the machine's own. Published ports are not among them. */
export interface Opening {
  protocol: "tcp" | "udp" | "esp" | "icmp";
  /** Of TCP and UDP. */
  ports: number[];
  /** Networks; `0.0.0.0/0` is everybody. */
  from: string[];
  /** The machine's address, or `0.0.0.0/0` for each of them. */
  to: string;
}

const EVERYBODY = "0.0.0.0/0";
const NFS_PORT = 2049;
/** https://docs.docker.com/engine/swarm/swarm-tutorial/#open-protocols-and-ports-between-the-hosts */
const SWARM_UDP = [4789, 7946];

/**
 * The ports of machines' own, which containers do not reach on any of them. 9323 has the engine's
 * metrics by Docker's convention; no engine here listens there unless someone has it do so by hand.
 */
export const MACHINE_PORTS = {
  tcp: [22, NFS_PORT, API_PORT, 2377, 7946, 9323],
  udp: SWARM_UDP,
};

/**
 * Counts what containers sent to machines' UDP ports and as ESP, and what was dropped of it: nobody
 * answers there, so nothing else shows that it does not arrive.
 */
export const DROPPED_COUNTER = "from_containers";

/** What a machine lets in. Everything else that comes to itself is dropped. */
export function openings(args: FirewallArgs): Opening[] {
  const { role, ingressAddress, advertiseAddress, internalCidr, apiOutside } = args;
  const manager = role === "manager";
  const inside = { from: [internalCidr], to: advertiseAddress };
  return [
    { protocol: "icmp", ports: [], from: [EVERYBODY], to: EVERYBODY },
    {
      protocol: "tcp",
      ports: [22, ...(manager && apiOutside ? [API_PORT] : [])],
      from: [EVERYBODY],
      to: ingressAddress,
    },
    ...(role === "storage"
      ? [{ protocol: "tcp" as const, ports: [NFS_PORT], ...inside }]
      : [
          {
            protocol: "tcp" as const,
            ports: [...(manager ? [API_PORT, 2377] : []), 7946],
            ...inside,
          },
          { protocol: "esp" as const, ports: [], ...inside },
          { protocol: "udp" as const, ports: SWARM_UDP, ...inside },
        ]),
  ];
}

/**
 * A machine's /etc/nftables.conf: a table of its own beside Docker's rules, which lets in what is
 * needed and nothing else. Ports that services publish pass by `forward`, not by `input`; there
 * they are kept to the ingress address, where that is another one.
 *
 * Containers reach no machine's own ports, neither their node's nor another machine's. Elsewhere they
 * come with their node's address, so this is for the node that they run on to see to.
 *
 * Two counters tell what the nodes say to each other: `esp_in` encrypted packets, and
 * `clear_vxlan_in` packets of overlay networks that were not encrypted.
 */
export function firewallRules(args: FirewallArgs): string {
  const { ingressAddress, advertiseAddress } = args;
  const open = openings(args);
  const accepted = (icmp: boolean) =>
    open.filter(({ protocol }) => (protocol === "icmp") === icmp).map(accept);
  return `${[
    "#!/usr/sbin/nft -f",
    "table inet swarm",
    "delete table inet swarm",
    "table inet swarm {",
    "  counter esp_in { }",
    "  counter clear_vxlan_in { }",
    `  counter ${DROPPED_COUNTER} { }`,
    ...adminChain(args.adminPorts),
    "  chain input {",
    "    type filter hook input priority filter; policy drop;",
    "    ip protocol esp counter name esp_in",
    "    udp dport 4789 meta ipsec missing counter name clear_vxlan_in",
    "    ct state established,related accept",
    "    iif lo accept",
    // Who claims an address of the other network is none of it.
    "    fib saddr . iif oif missing drop",
    ...accepted(true),
    // Whatever its name: docker0, docker_gwbridge, br-...
    '    meta iifkind "bridge" drop',
    ...accepted(false),
    "  }",
    "  chain forward {",
    "    type filter hook forward priority filter; policy accept;",
    ...(ingressAddress === advertiseAddress
      ? []
      : [`    ct status dnat ct original ip daddr ${advertiseAddress} drop`]),
    ...fromContainers(args),
    "  }",
    "}",
  ].join("\n")}\n`;
}

function accept({ protocol, ports, from, to }: Opening): string {
  if (protocol === "icmp") return "    meta l4proto { icmp, ipv6-icmp } accept";
  const who = from.includes(EVERYBODY) ? "" : `ip saddr ${set(from)} `;
  const what = protocol === "esp" ? "ip protocol esp" : `${protocol} dport ${set(ports)}`;
  return `    ${who}ip daddr ${to} ${what} accept`;
}

/** What a node forwards is from or to its containers. Published ports lead to containers' addresses. */
function fromContainers({ machineCidrs, nfsServer }: FirewallArgs): string[] {
  const machines = `ip daddr ${set(machineCidrs)}`;
  const counted = `counter name ${DROPPED_COUNTER} drop`;
  return [
    "    ct state established,related accept",
    `    ${machines} tcp dport ${set(MACHINE_PORTS.tcp)} drop`,
    `    ${machines} udp dport ${set(MACHINE_PORTS.udp)} ${counted}`,
    `    ${machines} ip protocol esp ${counted}`,
    ...(isAddress(nfsServer) ? [`    ip daddr ${nfsServer} tcp dport ${NFS_PORT} drop`] : []),
  ];
}

/** Before Docker's rules turn a published port into a container's, whichever way they do it. */
function adminChain({ ports, from }: AdminPorts = { ports: [], from: [] }): string[] {
  if (ports.length === 0 || from.length === 0) return [];
  return [
    "  chain admin {",
    "    type filter hook prerouting priority mangle; policy accept;",
    `    iif != lo fib daddr type local tcp dport ${set(ports)} ip saddr != ${set(from)} drop`,
    "  }",
  ];
}

function set(items: (number | string)[]): string {
  return `{ ${items.join(", ")} }`;
}

import {
  addressAt,
  hostAddress,
  macAddress,
  netmask,
  prefixLength,
  type AddressPool,
} from "../machine/addresses";
import { checkStackName, nodeIds, type NodeId } from "../machine/nodes";
import { slotOf } from "../machine/slots";

/** One of the two networks that every node is in, as it is asked for. */
export interface NetworkSettings {
  /** libvirt's name of it. */
  name: string;
  /** Its subnet, for example `192.168.42.0/24`. */
  cidr: string;
  /** Name of the Linux bridge. May be empty for a network that exists already. */
  bridge: string;
  /** Largest packet, in bytes. */
  mtu: number;
  /** Whether the network is used as it is, rather than made. */
  exists: boolean;
  /** The addresses in it that machines get. */
  addresses: AddressPool;
}

/** What a cluster is planned from. */
export interface ClusterSettings {
  managers: number;
  workers: number;
  /** Whether there is a machine that keeps data for services. */
  storageMachine: boolean;
  /** eth0 of every node: NAT to the outside, and the way in to published ports. */
  nat: NetworkSettings;
  /** eth1 of every node: between nodes and the host only. */
  internal: NetworkSettings;
  /** IPv4 addresses of the nodes' DNS servers. None: the hypervisor's address in the NAT network. */
  nameservers: string[];
  /** Folder on the hypervisor that has a folder with the disks of each stack. */
  poolPath: string;
}

/** One libvirt network, as it is going to be, or as it is when it exists already. */
export interface NetworkPlan extends Omit<NetworkSettings, "addresses"> {
  /** The subnet's prefix as a number, for example 24. */
  prefixLength: number;
  /** The subnet's mask in dotted form, for example `255.255.255.0`. */
  netmask: string;
  /** First usable address of the subnet: the bridge's, which is the nodes' gateway. */
  hostAddress: string;
}

/** One machine, as it is going to be. */
export interface NodePlan extends NodeId {
  /** IPv4 address of eth0, in the NAT network: the way in to published ports. */
  ingressAddress: string;
  ingressMac: string;
  /** IPv4 address of eth1, in the internal network: what the node is known by in the swarm. */
  advertiseAddress: string;
  advertiseMac: string;
}

/** A whole cluster on KVM, decided before anything is made. */
export interface ClusterPlan {
  /** Name of the Pulumi stack. */
  stack: string;
  /** Managers first, then workers. */
  nodes: NodePlan[];
  managers: NodePlan[];
  workers: NodePlan[];
  /** A machine that is no node: it keeps data for services. */
  storageMachine: NodePlan | undefined;
  nat: NetworkPlan;
  internal: NetworkPlan;
  /** IPv4 addresses of the nodes' DNS servers. */
  nameservers: string[];
  /** libvirt's name of the stack's storage pool. */
  poolName: string;
  /** Folder of that pool on the hypervisor. */
  poolPath: string;
}

/**
 * Decides everything about a stack's cluster that can be decided without asking anyone: the same
 * settings and stack name always give the same plan.
 *
 * @throws ConfigError when the stack's name is not fit for the names that are made of it.
 */
export function planCluster(settings: ClusterSettings, stack: string): ClusterPlan {
  checkStackName(stack);
  const nodes = nodeIds(settings).map((id) => planNode(settings, id));
  const nat = planNetwork(settings.nat);
  return {
    stack,
    nodes,
    managers: nodes.filter(({ role }) => role === "manager"),
    workers: nodes.filter(({ role }) => role === "worker"),
    storageMachine: settings.storageMachine
      ? planNode(settings, { name: "storage", role: "storage", index: 0 })
      : undefined,
    nat,
    internal: planNetwork(settings.internal),
    nameservers: settings.nameservers.length > 0 ? settings.nameservers : [nat.hostAddress],
    poolName: `swarm-${stack}`,
    poolPath: `${settings.poolPath}/${stack}`,
  };
}

/** libvirt's name of a node's machine: unique on a host that has several stacks. */
export function domainName(stack: string, nodeName: string): string {
  return `${stack}-${nodeName}`;
}

function planNetwork({ name, cidr, bridge, mtu, exists }: NetworkSettings): NetworkPlan {
  return {
    name,
    cidr,
    bridge,
    mtu,
    exists,
    prefixLength: prefixLength(cidr),
    netmask: netmask(cidr),
    hostAddress: hostAddress(cidr),
  };
}

function planNode({ nat, internal }: ClusterSettings, id: NodeId): NodePlan {
  const slot = slotOf(id.role, id.index);
  const ingressAddress = addressAt(nat.addresses, slot);
  const advertiseAddress = addressAt(internal.addresses, slot);
  return {
    ...id,
    ingressAddress,
    ingressMac: macAddress(ingressAddress),
    advertiseAddress,
    advertiseMac: macAddress(advertiseAddress),
  };
}

import { hostAddress, netmask, prefixLength } from "../machine/addresses";
import type { Config } from "../../stacks/config";

/** One libvirt network, as it is going to be, or as it is when it exists already. */
export interface NetworkPlan {
  /** libvirt's name of it. */
  name: string;
  /** Its subnet, for example `192.168.42.0/24`. */
  cidr: string;
  /** The subnet's prefix as a number, for example 24. */
  prefixLength: number;
  /** The subnet's mask in dotted form, for example `255.255.255.0`. */
  netmask: string;
  /** First usable address of the subnet: the bridge's, which is the nodes' gateway. */
  hostAddress: string;
  /** Name of the Linux bridge. May be empty for a network that exists already. */
  bridge: string;
  /** Largest packet, in bytes. */
  mtu: number;
  /** Whether the network is used as it is, rather than made. */
  exists: boolean;
}

/** The NAT network: eth0 of every node. */
export function planNatNetwork(config: Config): NetworkPlan {
  return {
    ...planSubnet(config.natNetworkCidr),
    name: config.natNetworkName,
    bridge: config.natNetworkBridge,
    mtu: config.natNetworkMtu,
    exists: config.natNetworkExists,
  };
}

/** The internal network: eth1 of every node. */
export function planInternalNetwork(config: Config): NetworkPlan {
  return {
    ...planSubnet(config.internalNetworkCidr),
    name: config.internalNetworkName,
    bridge: config.internalNetworkBridge,
    mtu: config.internalNetworkMtu,
    exists: config.internalNetworkExists,
  };
}

function planSubnet(cidr: string) {
  return {
    cidr,
    prefixLength: prefixLength(cidr),
    netmask: netmask(cidr),
    hostAddress: hostAddress(cidr),
  };
}

import { addressAt, macAddress } from "./addresses";
import type { Config } from "./config";
import { slotOf } from "./slots";

export type Role = "manager" | "worker";

/** One node of the swarm, as it is going to be. */
export interface NodePlan {
  /** Host name and node name: `mg0`, `mg1`, ... for managers, `worker0`, ... for workers. */
  name: string;
  role: Role;
  /** Position within its role, from 0. */
  index: number;
  /** IPv4 address of eth0, in the NAT network: the way in to published ports. */
  ingressAddress: string;
  ingressMac: string;
  /** IPv4 address of eth1, in the internal network: what the node is known by in the swarm. */
  advertiseAddress: string;
  advertiseMac: string;
}

const NAME_PREFIX: Record<Role, string> = { manager: "mg", worker: "worker" };

/** All managers, then all workers. Changing the number of nodes leaves the others as they are. */
export function planNodes(config: Config): NodePlan[] {
  return [
    ...planRole(config, "manager", config.managers),
    ...planRole(config, "worker", config.workers),
  ];
}

function planRole(config: Config, role: Role, count: number): NodePlan[] {
  return Array.from({ length: count }, (_, index) => {
    const slot = slotOf(role, index);
    const ingressAddress = addressAt(config.natNetworkAddresses, slot);
    const advertiseAddress = addressAt(config.internalNetworkAddresses, slot);
    return {
      name: `${NAME_PREFIX[role]}${index}`,
      role,
      index,
      ingressAddress,
      ingressMac: macAddress(ingressAddress),
      advertiseAddress,
      advertiseMac: macAddress(advertiseAddress),
    };
  });
}

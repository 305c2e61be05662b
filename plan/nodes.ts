import { addressAt, macAddress } from "./addresses";
import type { Config } from "./config";
import { slotOf } from "./slots";

/** What a machine is there for. A storage machine is no node of the swarm. */
export type Role = "manager" | "worker" | "storage";

/** One machine, as it is going to be. */
export interface NodePlan {
  /**
   * Host name and node name: `mg0`, `mg1`, ... for managers, `worker0`, ... for workers; `storage`.
   */
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

/** All managers, then all workers. Changing the number of nodes leaves the others as they are. */
export function planNodes(config: Config): NodePlan[] {
  return [
    ...Array.from({ length: config.managers }, (_, i) => plan(config, "manager", i, `mg${i}`)),
    ...Array.from({ length: config.workers }, (_, i) => plan(config, "worker", i, `worker${i}`)),
  ];
}

/** The storage machine, where the config asks for one. */
export function planStorageMachine(config: Config): NodePlan | undefined {
  return config.storage === "machine" ? plan(config, "storage", 0, "storage") : undefined;
}

function plan(config: Config, role: Role, index: number, name: string): NodePlan {
  const slot = slotOf(role, index);
  const ingressAddress = addressAt(config.natNetworkAddresses, slot);
  const advertiseAddress = addressAt(config.internalNetworkAddresses, slot);
  return {
    name,
    role,
    index,
    ingressAddress,
    ingressMac: macAddress(ingressAddress),
    advertiseAddress,
    advertiseMac: macAddress(advertiseAddress),
  };
}

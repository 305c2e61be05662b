import { addressAt, macAddress } from "./addresses";
import type { Config } from "../../stacks/config";
import { slotOf } from "./slots";

/** What a machine is there for. A storage machine is no node of the swarm. */
export type Role = "manager" | "worker" | "storage";

/** Who a machine is, on whatever target. */
export interface NodeId {
  /**
   * Host name and node name: `mg0`, `mg1`, ... for managers, `worker0`, ... for workers; `storage`.
   */
  name: string;
  role: Role;
  /** Position within its role, from 0. */
  index: number;
}

/** One machine on KVM, as it is going to be. */
export interface NodePlan extends NodeId {
  /** IPv4 address of eth0, in the NAT network: the way in to published ports. */
  ingressAddress: string;
  ingressMac: string;
  /** IPv4 address of eth1, in the internal network: what the node is known by in the swarm. */
  advertiseAddress: string;
  advertiseMac: string;
}

/** All managers, then all workers. Changing the number of nodes leaves the others as they are. */
export function nodeIds(config: Pick<Config, "managers" | "workers">): NodeId[] {
  const ids = (count: number, role: Role, prefix: string) =>
    Array.from({ length: count }, (_, index) => ({ name: `${prefix}${index}`, role, index }));
  return [...ids(config.managers, "manager", "mg"), ...ids(config.workers, "worker", "worker")];
}

/** The nodes of `nodeIds`, on KVM. */
export function planNodes(config: Config): NodePlan[] {
  return nodeIds(config).map((id) => plan(config, id));
}

/** The storage machine, where the config asks for one. */
export function planStorageMachine(config: Config): NodePlan | undefined {
  return config.storage === "machine"
    ? plan(config, { name: "storage", role: "storage", index: 0 })
    : undefined;
}

function plan(config: Config, { name, role, index }: NodeId): NodePlan {
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

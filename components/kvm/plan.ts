import { ConfigError, type Config } from "../../stacks/config";
import { planInternalNetwork, planNatNetwork, type NetworkPlan } from "./networkPlan";
import { planNodes, planStorageMachine, type NodePlan } from "../machine/nodes";

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
 * config and stack name always give the same plan.
 *
 * @throws ConfigError when the stack's name is not fit for the names that are made of it.
 */
export function planCluster(config: Config, stack: string): ClusterPlan {
  checkStackName(stack);
  const nodes = planNodes(config);
  const nat = planNatNetwork(config);
  return {
    stack,
    nodes,
    managers: nodes.filter(({ role }) => role === "manager"),
    workers: nodes.filter(({ role }) => role === "worker"),
    storageMachine: planStorageMachine(config),
    nat,
    internal: planInternalNetwork(config),
    nameservers: config.nameservers.length > 0 ? config.nameservers : [nat.hostAddress],
    poolName: `swarm-${stack}`,
    poolPath: `${config.poolPath}/${stack}`,
  };
}

/** libvirt's name of a node's machine: unique on a host that has several stacks. */
export function domainName(stack: string, nodeName: string): string {
  return `${stack}-${nodeName}`;
}

/** Leaves room for `-worker99` within the 63 characters of a host name. */
const STACK_NAME_MAX_LENGTH = 40;

/**
 * Every target's machines have the stack in their names.
 *
 * @throws ConfigError when its name is not fit for that.
 */
export function checkStackName(stack: string): void {
  if (stack.length <= STACK_NAME_MAX_LENGTH && /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(stack)) {
    return;
  }
  throw new ConfigError([
    `stack: "${stack}" cannot be part of host names and libvirt's names; write 1 to ` +
      `${STACK_NAME_MAX_LENGTH} small letters, digits and dashes, with no dash at either end`,
  ]);
}

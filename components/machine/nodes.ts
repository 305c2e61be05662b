import { ConfigError } from "./configError";

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

/** All managers, then all workers. Changing the number of nodes leaves the others as they are. */
export function nodeIds(count: { managers: number; workers: number }): NodeId[] {
  const ids = (count: number, role: Role, prefix: string) =>
    Array.from({ length: count }, (_, index) => ({ name: `${prefix}${index}`, role, index }));
  return [...ids(count.managers, "manager", "mg"), ...ids(count.workers, "worker", "worker")];
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

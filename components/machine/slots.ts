import type { Role } from "./nodes";

/**
 * Places at the start of every address pool that are kept for managers, whether used or not. So
 * no worker's address depends on the number of managers. More than the seven that there can be:
 * the last one is the storage machine's.
 */
export const MANAGER_SLOTS = 10;

/** A node's position in the address pools, counted from 0. It depends on no other node. */
export function slotOf(role: Role, index: number): number {
  switch (role) {
    case "manager":
      return index;
    case "storage":
      return MANAGER_SLOTS - 1;
    case "worker":
      return MANAGER_SLOTS + index;
  }
}

/** How many addresses a pool needs to have. */
export function slotsNeeded(workers: number): number {
  return MANAGER_SLOTS + workers;
}

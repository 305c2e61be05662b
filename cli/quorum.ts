/** Whether a swarm can spare a node, as member.sh decides when that node leaves. */

/** A node as the managers list it. */
export interface NodeState {
  name: string;
  status: string;
  /** `Leader`, `Reachable`, `Unreachable`, or empty for a worker. */
  managerStatus: string;
}

/**
 * Why a node cannot be replaced now; undefined where it can. A worker can always leave. A manager can when
 * all others are reachable and a majority without it.
 */
export function whyNotReplace(node: string, nodes: NodeState[]): string | undefined {
  const managers = nodes.filter(({ managerStatus }) => managerStatus !== "");
  if (!managers.some(({ name }) => name === node)) return undefined;
  const others = managers.filter(({ name }) => name !== node);
  if (others.length === 0) {
    return (
      `${node} is the only manager, and what the swarm knows would go with it. ` +
      "Add managers first (managers: 3), or see docs/restore.md"
    );
  }
  const away = others.filter(
    ({ status, managerStatus }) => status !== "Ready" || managerStatus === "Unreachable",
  );
  if (away.length > 0) {
    const names = away.map(({ name }) => name).join(", ");
    return `without ${node} the managers may have no majority: ${names} cannot be reached. Bring that back first`;
  }
  return undefined;
}

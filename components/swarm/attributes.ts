import type { NodeId } from "../machine/nodes";

/** What the swarm knows of a node beside its role. */
export interface NodeAttributes {
  /** `drain`: it keeps its place in the swarm, and runs no tasks. */
  availability: "active" | "drain";
  /** For placement constraints such as `node.labels.disk==ssd`, each as `NAME=VALUE`. */
  labels: string[];
}

/**
 * The label of every node that says at which address its published ports answer: Docker knows the
 * advertise address only.
 */
export const ADDRESS_LABEL = "swarm.address";

/** One entry of the config's `nodeLabels`: a label for a node, or for all nodes of a role. */
export interface NodeLabel {
  /** Name of a node, or `manager` or `worker`. */
  nodes: string;
  name: string;
  value: string;
}

/** A label of the node itself wins over one of its role. */
export function nodeAttributes(
  { drainedNodes, nodeLabels }: { drainedNodes: string[]; nodeLabels: NodeLabel[] },
  { name, role }: Pick<NodeId, "name" | "role">,
): NodeAttributes {
  const ofRole = nodeLabels.filter(({ nodes }) => nodes === role);
  const own = nodeLabels.filter(({ nodes }) => nodes === name);
  const labels = new Map([...ofRole, ...own].map((label) => [label.name, label.value]));
  return {
    availability: drainedNodes.includes(name) ? "drain" : "active",
    labels: [...labels].map(([label, value]) => `${label}=${value}`).sort(),
  };
}

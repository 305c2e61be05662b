import type { NodeLabel } from "../../components/swarm/attributes";
import { text } from "../../components/machine/fields";

const NODE = /^(mg|worker)(0|[1-9]\d*)$/;
const LABELS_EXAMPLE = "write NODE:NAME=VALUE with commas between them, such as worker0:disk=ssd";

function entries(list: string): string[] {
  return list === "" ? [] : list.split(",").map((entry) => entry.trim());
}

function drainedNodesProblem(list: string): string | undefined {
  const wrong = entries(list).find((name) => !NODE.test(name));
  return wrong === undefined
    ? undefined
    : `has "${wrong}" in it, which is no node's name; write names with commas between them, such ` +
        "as mg1,worker0, or nothing";
}

/** Docker's own rule for names of labels, and for values what needs no quotes in a constraint. */
const LABEL = /^(?<nodes>[a-z]+\d*):(?<name>[a-z0-9]([a-z0-9._-]*[a-z0-9])?)=(?<value>[\w.-]+)$/;

function parseLabel(entry: string): NodeLabel | undefined {
  const { nodes, name, value } = LABEL.exec(entry)?.groups ?? {};
  if (!nodes || !name || !value) return undefined;
  return nodes === "manager" || nodes === "worker" || NODE.test(nodes)
    ? { nodes, name, value }
    : undefined;
}

function nodeLabelsProblem(list: string): string | undefined {
  for (const entry of entries(list)) {
    const label = parseLabel(entry);
    if (!label) return `has "${entry}" in it, which is no label of a node; ${LABELS_EXAMPLE}`;
    if (label.name.startsWith("swarm.")) {
      return `has "${entry}" in it, and labels that begin with "swarm." are this program's own; write another name`;
    }
  }
  return undefined;
}

/** What the swarm knows of its nodes. */
export const attributeKeys = {
  drainedNodes: text(drainedNodesProblem).transform(entries),
  nodeLabels: text(nodeLabelsProblem).transform((list) =>
    entries(list).map((one) => parseLabel(one)!),
  ),
};

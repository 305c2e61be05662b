import { isMachine, managers, nodes, type Node } from "../program";
import type { Resource, StackRule } from "../rule";

/** https://docs.docker.com/engine/swarm/admin_guide/#add-manager-nodes-for-fault-tolerance */
export const oddManagers: StackRule = {
  name: "odd-managers",
  description:
    "An odd number of managers: one more than that survives the loss of no more of them, and makes " +
    "a majority harder to reach.",
  level: "mandatory",
  checkStack(resources) {
    const count = managers(resources).length;
    if (!resources.some(isMachine) || count % 2 === 1) return [];
    const missing = nodes(resources).length === 0 ? ` (the stack's output "nodes" names none)` : "";
    const instead = count < 2 ? "write 1 or 3" : `write ${count - 1} or ${count + 1}`;
    return [{ message: `${count} managers${missing} is an even number; ${instead}` }];
  },
};

export const gracefulExit: StackRule = {
  name: "graceful-exit",
  description:
    "Every node leaves the swarm by itself, with the help of another manager: a machine that just " +
    "goes takes its tasks with it, and a manager that does goes on counting for quorum.",
  level: "mandatory",
  checkStack: (resources) =>
    nodes(resources).flatMap((node) => {
      const problem = exitProblem(node, resources);
      return problem ? [{ name: memberScript(node), message: problem }] : [];
    }),
};

/**
 * That a machine is replaced shows in a preview only: its identity is not known yet, while its host
 * key, which outlives it, is. A machine that is new has neither.
 */
export const oneManagerAtATime: StackRule = {
  name: "one-manager-at-a-time",
  description:
    "No update replaces more than one manager that has no graceful exit: several at once may be " +
    "the majority, and without that nothing in the swarm can be changed any more.",
  level: "mandatory",
  checkStack(resources) {
    const gone = managers(resources)
      .filter(({ name }) => isReplaced(name, resources))
      .filter((node) => exitProblem(node, resources));
    if (gone.length < 2) return [];
    const names = gone.map(({ name }) => name).join(", ");
    return gone.slice(1).map(({ name }) => ({
      name,
      message:
        `${names} are replaced in one update, and none of them leaves gracefully; ` +
        "bring the exit back first (rule graceful-exit), or change one manager at a time",
    }));
  },
};

/** The disks that a machine cannot do without; a seed is made anew. */
const DISKS: Record<string, RegExp> = {
  "libvirt:index/volume:Volume": /-(disk|data)$/,
  "aws:ec2/instance:Instance": /./,
  "aws:ebs/volume:Volume": /./,
};

export const protectManagerDisks: StackRule = {
  name: "protect-manager-disks",
  description:
    "The managers' disks are protected, so that no update deletes one: they have the swarm's " +
    "state. Replacing a manager then takes a `pulumi state unprotect` first.",
  level: "disabled",
  checkStack(resources) {
    const machines = managers(resources).map(({ name }) => name);
    return resources
      .filter(({ parent }) => machines.includes(parent ?? ""))
      .filter(({ type, name }) => DISKS[type]?.test(name))
      .filter(({ protect }) => !protect)
      .map(({ name }) => ({
        name,
        message: `protect is false on a manager's disk; write protect: true in its options`,
      }));
  },
};

const memberScript = ({ name }: Node) => `swarm-${name}-member`;

/** What is missing for the node to leave gracefully. What the script does is in its own tests. */
function exitProblem(node: Node, resources: Resource[]): string | undefined {
  const member = resources.find(({ name }) => name === memberScript(node));
  if (!member) return `${node.name} has no script that sees it off; write its member script`;
  // Its value is not known in a first preview: the node's ID is part of it.
  return "delete" in member.props
    ? undefined
    : `delete is not set, so ${node.name} goes without leaving; write the arguments of "leave"`;
}

function isReplaced(node: string, resources: Resource[]): boolean {
  const machine = resources.find((one) => isMachine(one) && one.name === node);
  const hostKey = resources.find(({ name }) => name === `${node}-host-key`);
  if (!machine || !("identity" in machine.props)) return false;
  return machine.props.identity === undefined && hostKey?.props.publicKeyOpenssh !== undefined;
}

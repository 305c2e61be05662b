/** What the resources of this project's program say about its swarm. */
import type { Resource } from "./rule";

/** A node as the stack's outputs have it. */
export interface Node {
  name: string;
  role: "manager" | "worker";
  ingressAddress?: string | undefined;
  advertiseAddress?: string | undefined;
}

/** Scripts run on one machine, or from here on whichever manager answers. */
const COMMANDS = ["command:remote:Command", "command:local:Command"];
export const isCommand = ({ type }: Pick<Resource, "type">) => COMMANDS.includes(type);
const STACK = "pulumi:pulumi:Stack";

/** A machine, on whatever target. */
export const isMachine = ({ type }: Resource) => type.startsWith("swarm:machine:");

/** The stack's outputs. */
export function stackOutputs(resources: Resource[]): Resource["props"] {
  return resources.find(({ type }) => type === STACK)?.props ?? {};
}

/** The swarm's nodes, by the stack's outputs: there a first preview knows them too. */
export function nodes(resources: Resource[]): Node[] {
  return (stackOutputs(resources).nodes ?? []) as Node[];
}

export function managers(resources: Resource[]): Node[] {
  return nodes(resources).filter(({ role }) => role === "manager");
}

/** A script on a node (components/swarm/nodeScript.ts). */
export interface Script {
  /** Command lines: `bash -s -- ARGUMENTS`, on a manager `... on-manager ... HOST 'bash -s -- ARGUMENTS'`. */
  create?: string;
  delete?: string;
  stdin?: string;
}

/** The script of that name, such as `swarm-mg0-member`. */
export function script(resources: Resource[], name: string): Script | undefined {
  return resources.find((one) => isCommand(one) && one.name === name)?.props;
}

/** The arguments in a script's command line. */
export function scriptArguments(line: string): string[] {
  const words = line.slice(line.indexOf(" -- ") + " -- ".length);
  return words.replace(/'$/, "").split(" ");
}

/** The value of a variable that a script gets over stdin, as far as it is known. */
export function variable(resource: Resource, name: string): string | undefined {
  const { stdin } = resource.props as Script;
  if (!isCommand(resource) || stdin === undefined) return undefined;
  const match = new RegExp(
    `^${name}=(?:'(?<plain>[^']*)'|"(?<quoted>(?:[^"\\\\]|\\\\.)*)"|(?<bare>(?:[^\\s\\\\]|\\\\.)*))$`,
    "ms",
  ).exec(stdin);
  const { plain, quoted, bare } = match?.groups ?? {};
  return plain ?? (quoted ?? bare)?.replace(/\\(.)/g, "$1");
}

/** Asks the policies about the resources of a run (graphRun.ts), as the engine would. */
import { resourceRules, stackRules } from "../../../policy/rules";
import type { Resource } from "../../../policy/rule";
import { outputs } from "../graphRun";
import { sentOutputs, type Registration, type Run } from "../harness";

/** What a whole stack looks like to the policies. */
export interface Stack {
  /** Before each resource is made: its inputs. */
  planned: Resource[];
  /** In the end: what is known of each, and the stack's outputs. */
  final: Resource[];
}

/**
 * @param preview whether the run was one: then nobody knows what providers answer
 * @param answer what they answer otherwise. Default: as on KVM
 */
export async function stackOf(
  run: Run,
  { preview = false, answer = outputs } = {},
): Promise<Stack> {
  const answers = ({ type, name, inputs }: Registration) =>
    preview ? {} : answer(type, name, inputs);
  return {
    planned: run.resources.map((one) => ({ ...seen(one), secrets: secretPaths(one) })),
    final: [
      {
        type: "pulumi:pulumi:Stack",
        name: STACK,
        props: await sentOutputs(run),
        protect: false,
      },
      ...run.resources.map((one) => ({
        ...seen(one),
        parent: one.parent,
        props: { ...one.inputs, ...answers(one) },
      })),
    ],
  };
}

/** Name of the stack's own resource, which has its outputs. */
export const STACK = "the-stack";

/** The same stack with resources changed that have this name, or whose name matches. */
export function edited(
  stack: Stack,
  name: string | RegExp,
  edit: (resource: Resource) => Resource[],
): Stack {
  let found = 0;
  const change = (resources: Resource[]) =>
    resources.flatMap((one) => {
      if (!(typeof name === "string" ? one.name === name : name.test(one.name))) return [one];
      found++;
      return edit(one);
    });
  const result = { planned: change(stack.planned), final: change(stack.final) };
  expect(found).toBeGreaterThan(0);
  return result;
}

/** The rules that the stack breaks, as `rule: message`. Rules that are off are left out. */
export function violations({ planned, final }: Stack): string[] {
  return [
    ...resourceRules.flatMap(({ name, level, check }) =>
      level === "disabled"
        ? []
        : planned.flatMap((one) => check(one).map((text) => `${name}: ${one.name}: ${text}`)),
    ),
    ...stackRules.flatMap(({ name, level, checkStack }) =>
      level === "disabled"
        ? []
        : checkStack(final).map((one) => `${name}: ${one.name ?? "-"}: ${one.message}`),
    ),
  ];
}

function seen({ type, name, inputs, opts }: Registration): Resource {
  return { type, name, props: inputs, protect: opts.protect ?? false };
}

/** The paths at which what is visible differs from what is there. */
function secretPaths({ inputs, shown }: Registration): Set<string> {
  const paths = new Set<string>();
  const compare = (plain: unknown, visible: unknown, path: string[]) => {
    if (visible === "[secret]" && plain !== visible) paths.add(path.join("."));
    else if (plain !== null && typeof plain === "object") {
      for (const [key, value] of Object.entries(plain)) {
        compare(value, (visible as Record<string, unknown>)[key], [...path, key]);
      }
    }
  };
  compare(inputs, shown, []);
  return paths;
}

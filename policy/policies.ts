import {
  Secret,
  type Policies,
  type PolicyResource,
  type ResourceValidationArgs,
} from "@pulumi/policy";
import type { Resource } from "./rule";
import { resourceRules, stackRules } from "./rules";

/** By URN: what the engine marked secret in the inputs of the resource that it asks about next. */
const secrets = new Map<string, ReadonlySet<string>>();

/** The rules as Pulumi takes them. */
export const policies: Policies = [
  {
    // A rule gets secrets in plain text. Only remediations can tell them from the rest, and they
    // run before the rules; this one changes nothing.
    name: "secret-marks",
    description:
      "Sees which inputs are marked secret, for secrets-marked-secret. Leave it as it is.",
    enforcementLevel: "remediate",
    remediateResource: ({ urn, props }) => {
      secrets.set(urn, secretPaths(props));
    },
  },
  ...resourceRules.map(({ name, description, level, check }) => ({
    name,
    description,
    enforcementLevel: level,
    validateResource: (args: ResourceValidationArgs, report: (message: string) => void) =>
      check({ ...seen(args), secrets: secrets.get(args.urn) }).forEach((message) =>
        report(`${args.name}: ${message}`),
      ),
  })),
  ...stackRules.map(({ name, description, level, checkStack }) => ({
    name,
    description,
    enforcementLevel: level,
    validateStack: (
      args: { resources: PolicyResource[] },
      report: (message: string, urn?: string) => void,
    ) => {
      const resources = args.resources.map((one) => ({ ...seen(one), parent: one.parent?.name }));
      for (const finding of checkStack(resources)) {
        const about = args.resources.find(({ name }) => name === finding.name);
        report(`${finding.name ? `${finding.name}: ` : ""}${finding.message}`, about?.urn);
      }
    },
  })),
];

function seen({ type, name, props, opts }: ResourceValidationArgs | PolicyResource): Resource {
  return { type, name, props: known(props) as Resource["props"], protect: opts.protect };
}

/** A copy in which what is not known yet is undefined: to read that from the original throws. */
export function known(value: unknown): unknown {
  if (value === null || typeof value !== "object") return value;
  const copies = Object.keys(value).map((key): [string, unknown] => {
    try {
      return [key, known((value as Record<string, unknown>)[key])];
    } catch {
      return [key, undefined];
    }
  });
  return Array.isArray(value) ? copies.map(([, copy]) => copy) : Object.fromEntries(copies);
}

/** Where the properties of a remediation have secrets: to read one gives its plain value. */
export function secretPaths(value: unknown, path: string[] = []): ReadonlySet<string> {
  if (value instanceof Secret) return new Set([path.join(".")]);
  if (value === null || typeof value !== "object") return new Set();
  return new Set(
    Object.entries(Object.getOwnPropertyDescriptors(value)).flatMap(([key, descriptor]) => [
      ...secretPaths(descriptor.value, [...path, key]),
    ]),
  );
}

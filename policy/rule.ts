import type { EnforcementLevel } from "@pulumi/policy";

/** One resource as rules see it. */
export interface Resource {
  type: string;
  name: string;
  /** Name of the resource that it is part of. Only the rules for a whole stack know it. */
  parent?: string | undefined;
  /**
   * Its inputs, for the rules for one resource; all that is known of it in the end, for those for
   * a stack. What a preview cannot know yet is there with the value undefined.
   */
  props: Readonly<Record<string, unknown>>;
  /** Whether Pulumi refuses to delete it. */
  protect: boolean;
  /** Paths of the inputs that are marked secret, such as `uploads.0.content`, where it is known. */
  secrets?: ReadonlySet<string> | undefined;
}

/** What is wrong with a stack, and the name of the resource, node or service to look at, if any. */
export interface Finding {
  name?: string | undefined;
  message: string;
}

interface Described {
  /** By this name it is configured. */
  name: string;
  /** What it asks for, and why. */
  description: string;
  /** What a violation does unless the config says otherwise. */
  level: Exclude<EnforcementLevel, "remediate">;
}

/**
 * A condition on every single resource, looked at before it is made or changed. A message says the
 * bad value, why it is bad, and after a semicolon what to write instead.
 */
export interface ResourceRule extends Described {
  check(resource: Resource): string[];
}

/** A condition on a stack as a whole, looked at when the program has registered everything. */
export interface StackRule extends Described {
  checkStack(resources: Resource[]): Finding[];
}

/** A value as messages show it. */
export function show(value: unknown): string {
  return JSON.stringify(value) ?? "nothing";
}

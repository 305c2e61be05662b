import type { DeclaredKey } from "../stacks/stackFile";

/** What `pulumi config --json` has of one key. */
export interface ConfigValue {
  /** Absent for a secret that is not shown. */
  value?: string;
  secret: boolean;
}

/** One key as the program gets it. */
export interface EffectiveValue {
  key: string;
  value: string;
  /** `default`: from Pulumi.yaml. */
  from: "default" | "stack";
}

/** Every declared key, in their order, with its value. Secrets are masked. */
export function effectiveConfig(
  declared: Record<string, DeclaredKey>,
  values: Record<string, ConfigValue>,
  project: string,
): EffectiveValue[] {
  return Object.entries(declared).map(([key, { default: fallback }]) => {
    const set = values[`${project}:${key}`];
    if (!set) return { key, value: String(fallback), from: "default" };
    return { key, value: set.secret ? "[secret]" : (set.value ?? ""), from: "stack" };
  });
}

/**
 * The configuration of Pulumi.yaml's defaults with changes to it: what is wrong with it, and what
 * it reads as.
 */
import { join } from "node:path";
import { ConfigError, parseConfig, type Config } from "../../../stacks/config";
import { readDeclaredKeys } from "../../../stacks/stackFile";

export type Values = Record<string, string>;

/** Every key with its default, as text. */
export const good: Values = Object.fromEntries(
  Object.entries(readDeclaredKeys(join(__dirname, "../../.."))).map(([key, declared]) => [
    key,
    String(declared.default),
  ]),
);

export function config(changes: Values = {}): Config {
  return parseConfig({ ...good, ...changes });
}

/** The messages that the changed configuration is refused with: none for a good one. */
export function problems(changes: Values): string[] {
  try {
    config(changes);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

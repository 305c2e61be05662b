/**
 * The dev stack's configuration with changes to it: what is wrong with it, and what it reads as.
 */
import { join } from "node:path";
import { ConfigError, parseConfig, type Config } from "../../plan/config";
import { readStackConfig } from "../../plan/stackFile";

export type Values = Record<string, string>;

/** Every key of the dev stack, as text. */
export const good: Values = readStackConfig(join(__dirname, "../.."), "dev");

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

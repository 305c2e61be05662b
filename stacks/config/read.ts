import * as pulumi from "@pulumi/pulumi";
import { parseConfig, type Config } from ".";

/**
 * This stack's configuration: all keys of this project as they were set, or as Pulumi.yaml has them
 * by default.
 *
 * @throws ConfigError with everything that is wrong with it.
 */
export function readConfig(): Config {
  const prefix = `${pulumi.getProject()}:`;
  const values = Object.entries(pulumi.runtime.allConfig())
    .filter(([key]) => key.startsWith(prefix))
    .map(([key, value]) => [key.slice(prefix.length), value]);
  return parseConfig(Object.fromEntries(values));
}

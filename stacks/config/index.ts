import { closest, distance } from "fastest-levenshtein";
import { ConfigError } from "../../components/machine/configError";
import { rules } from "./rules";
import { configKeys, schema, type Config, type ConfigKey } from "./schema";

export { ConfigError } from "../../components/machine/configError";
export { configKeys, type Config, type ConfigKey } from "./schema";

/**
 * Turns the values of a stack into one typed and checked configuration.
 *
 * @param values Every key of Pulumi.yaml, without the project's namespace, and its value as Pulumi
 *   hands it over: numbers and booleans are text, defaults are filled in.
 * @throws ConfigError with everything that is wrong, at once.
 */
export function parseConfig(values: Record<string, string>): Config {
  const problems = unknownKeys(values);
  const good: Partial<Config> = {};

  const blame = (key: ConfigKey, message: string) =>
    problems.push(`${key}: ${JSON.stringify(values[key])} ${message}`);

  for (const key of configKeys) {
    if (values[key] === undefined) {
      problems.push(`${key}: has no value; write one, or give it a default in Pulumi.yaml`);
      continue;
    }
    const result = schema.shape[key].safeParse(values[key]);
    if (result.success) Object.assign(good, { [key]: result.data });
    else blame(key, result.error.issues[0]!.message);
  }

  for (const rule of rules.filter(({ reads }) => reads.every((key) => key in good))) {
    const complaint = rule.broken(good as Config);
    if (complaint) blame(complaint.key, complaint.message);
  }

  if (problems.length > 0) throw new ConfigError(problems);
  return good as Config;
}

function unknownKeys(values: Record<string, string>): string[] {
  return Object.keys(values)
    .filter((key) => !Object.hasOwn(schema.shape, key))
    .map((key) => {
      const known = closest(key, configKeys);
      const alike = distance(key, known) <= known.length / 2;
      const remedy = alike
        ? `write ${known}, or remove it`
        : "remove it (Pulumi.yaml has all keys)";
      return `${key}: ${JSON.stringify(values[key])} is set, but there is no such key; ${remedy}`;
    });
}

import { readFileSync, statSync } from "node:fs";
import { composeProblems } from "../plan/compose";
import { ConfigError, type Config } from "../plan/config";
import type { ServicePlan } from "../plan/services";

/**
 * The compose file of the config, where it names one.
 *
 * @throws ConfigError when it is not there, is no file, or does not go together with the stack's services.
 */
export function readCompose(
  { composeFile }: Pick<Config, "composeFile">,
  services: ServicePlan[],
): string | undefined {
  if (composeFile === "") return undefined;
  const blame = (problem: string) => `composeFile: ${JSON.stringify(composeFile)} ${problem}`;
  const found = statSync(composeFile, { throwIfNoEntry: false });
  if (!found?.isFile()) {
    const problem = found ? "is no file" : "is not there";
    throw new ConfigError([
      blame(`${problem}; write the path of a file from the project's folder, or nothing`),
    ]);
  }
  const text = readFileSync(composeFile, "utf8");
  const problems = composeProblems(text, services);
  if (problems.length > 0) throw new ConfigError(problems.map(blame));
  return text;
}

import { composeProblems } from "../components/service/compose";
import { ConfigError, type Config } from "./config";
import type { ServicePlan } from "../components/service/plan";
import { readNamedFile } from "./config/namedFile";

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
  const text = readNamedFile("composeFile", composeFile);
  const problems = composeProblems(text, services);
  if (problems.length > 0) throw new ConfigError(problems.map(blame));
  return text;
}

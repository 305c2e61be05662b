import * as pulumi from "@pulumi/pulumi";
import { ConfigError, parseConfig, type Config } from "./config";
import { siblingProblems, type Sibling } from "./siblingProblems";
import { readStackConfig, stacksInUse } from "./stackFile";

/**
 * Sees to it that this stack can be on its hypervisor together with the project's other stacks, by
 * their files. A file that is wrong in itself is left out: what is wrong with it, that stack's own
 * preview says.
 *
 * @throws ConfigError with everything that they would both have.
 */
export function checkSiblings(config: Config): void {
  const folder = pulumi.getRootDirectory();
  const stack = pulumi.getStack();
  const siblings = stacksInUse(folder, stack).flatMap((name): Sibling[] => {
    try {
      return [{ stack: name, config: parseConfig(readStackConfig(folder, name)) }];
    } catch {
      return [];
    }
  });
  const problems = siblingProblems(config, stack, siblings);
  if (problems.length > 0) throw new ConfigError(problems);
}

import { Command } from "commander";

/** Exit statuses of every verb. */
export const EXIT = {
  /** It is done, and nothing was found. */
  good: 0,
  /** It is done, and something was found: its help says what. */
  found: 1,
  /** It could not be done. */
  failed: 2,
} as const;

/**
 * One verb for operators: `npm run NAME -- -s STACK`.
 *
 * @param found what exit status 1 means; without it there is no such status
 */
export function verb(name: string, summary: string, found?: string): Command {
  const statuses = [
    `${EXIT.good}  it is done${found === undefined ? "" : ", and nothing was found"}`,
    ...(found === undefined ? [] : [`${EXIT.found}  ${found}`]),
    `${EXIT.failed}  it could not be done`,
  ];
  return new Command(`npm run ${name} --`)
    .description(summary)
    .requiredOption("-s, --stack <name>", "the stack, for example dev")
    .addHelpText("after", `\nExit status:\n${statuses.map((line) => `  ${line}\n`).join("")}`)
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? EXIT.good : EXIT.failed));
}

/** Runs it with the arguments of this process. An error is one message, without a stack trace. */
export async function run(command: Command): Promise<void> {
  try {
    await command.parseAsync();
  } catch (error) {
    console.error((error as Error).message);
    process.exitCode = EXIT.failed;
  }
}

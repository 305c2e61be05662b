/** Everything that is wrong with a configuration. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";

  /** @param problems One line each: the key, its value, what is wrong, what to write instead. */
  constructor(readonly problems: string[]) {
    const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
    super(`The configuration has ${count}:\n${problems.map((line) => `  - ${line}`).join("\n")}`);
  }
}

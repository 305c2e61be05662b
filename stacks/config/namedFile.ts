import { readFileSync, statSync } from "node:fs";
import { ConfigError, type ConfigKey } from ".";

/**
 * The text of a file that the config names.
 *
 * @throws ConfigError when it is not there, or is no file.
 */
export function readNamedFile(key: ConfigKey, path: string): string {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found?.isFile()) {
    const problem = found ? "is no file" : "is not there";
    throw new ConfigError([
      `${key}: ${JSON.stringify(path)} ${problem}; ` +
        "write the path of a file from the project's folder, or nothing",
    ]);
  }
  return readFileSync(path, "utf8");
}

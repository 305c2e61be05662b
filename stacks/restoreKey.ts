import { ConfigError, type Config } from "./config";
import { readNamedFile } from "./config/namedFile";

/**
 * What opens the backup to restore, where that is not the stack's own key: the content of the file that
 * the config names.
 *
 * @throws ConfigError when it is not there, or has no such key in it.
 */
export function readRestoreKey({
  restoreKeyFile,
}: Pick<Config, "restoreKeyFile">): string | undefined {
  if (restoreKeyFile === "") return undefined;
  const key = readNamedFile("restoreKeyFile", restoreKeyFile).trim();
  if (!/^-----BEGIN OPENSSH PRIVATE KEY-----\n/.test(key)) {
    throw new ConfigError([
      `restoreKeyFile: ${JSON.stringify(restoreKeyFile)} has no private key in OpenSSH's format in it; ` +
        "write a file with the output backupKey of the stack that made the backup",
    ]);
  }
  return key;
}

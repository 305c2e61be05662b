import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { StackOutputs } from "./outputs";

/**
 * Writes the key and the known host keys that the output `ssh` refers to, readable by this user
 * only, and returns the folder.
 */
export function writeSshFiles(projectDir: string, stack: string, outputs: StackOutputs): string {
  const folder = join(projectDir, ".cache", "ssh", stack);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, "key"), outputs.sshPrivateKey, { mode: 0o600 });
  writeFileSync(join(folder, "known_hosts"), `${outputs.sshKnownHosts.join("\n")}\n`);
  return folder;
}

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { backupFolder } from "../../plan/backup";
import type { Config } from "../../plan/config";
import { openKeyFile } from "../../plan/keyFile";
import { ANY_MANAGER } from "../../plan/sshConfig";
import type { Machine } from "../machine/machine";
import type { SharedFolder } from "../storage/sharedStorage";
import { known, nodeScript, runOnManager } from "../swarm/nodeScript";
import type { SshAccess } from "../swarm/sshAccess";

export interface RestoreArgs {
  stack: string;
  /** The manager that the backup is of. */
  machine: Machine;
  /** Where the backups are kept. */
  storage: SharedFolder;
  /** How this machine's `ssh` finds a manager. */
  access: SshAccess;
  config: Pick<Config, "restore" | "restoreUnlockKey" | "bootTimeoutSeconds">;
}

/**
 * Rebuilds the swarm from a backup, once for each one that the config names: the resource's name has
 * the backup's, and nothing that happens to the machine later repeats it. It is refused while some
 * manager has a leader. A key that autolock has locked is opened before.
 */
export function restore(
  name: string,
  args: RestoreArgs,
  opts: pulumi.CustomResourceOptions,
): command.remote.Command {
  const { stack, machine, storage, access, config } = args;
  const backup = [storage.server, storage.export, backupFolder(stack), config.restore];
  const refuse = noLeader(access, config.restore);
  const open = keyOpened(args, backup);
  return nodeScript(
    `${name}-${config.restore}`,
    {
      machine,
      script: "backup/restore",
      create: [config.bootTimeoutSeconds, machine.advertiseAddress, ...backup],
      timeoutSeconds: 3 * config.bootTimeoutSeconds,
    },
    {
      ...opts,
      ignoreChanges: ["connection", "create", "stdin"],
      hooks: {
        beforeCreate: [
          new pulumi.ResourceHook(`${name}-before`, async () => {
            await refuse();
            if (config.restoreUnlockKey) await open();
          }),
        ],
      },
    },
  );
}

/** The machine gets the backup's key as if there had been no autolock. */
function keyOpened(
  { machine, access, config }: RestoreArgs,
  backup: pulumi.Input<string>[],
): () => Promise<void> {
  const key = (words: pulumi.Input<string | number>[]) =>
    runOnManager({ access, manager: machine.name, script: "backup/key", words });
  const read = key(["read", config.bootTimeoutSeconds, ...backup]);
  const write = key(["write"]);
  return async () => {
    await write({ KEY: openKeyFile(await read(), config.restoreUnlockKey) });
  };
}

/** Fails when a manager has a leader, unless that is the backup's: an earlier try got that far. */
function noLeader(access: SshAccess, backup: string): () => Promise<void> {
  const config = known(access.config);
  return async () => {
    const look = promisify(execFile)("ssh", [
      ...["-F", await config, ANY_MANAGER],
      "hostname; cat /etc/docker/restored 2>/dev/null || true",
    ]);
    const seen = await look.then(({ stdout }) => stdout.trim()).catch(() => undefined);
    if (seen === undefined || seen.endsWith(backup)) return;
    throw new Error(
      `nothing was restored: the manager ${seen.split("\n")[0]} is in a swarm with a leader, and what ` +
        "that has would be lost. pulumi refresh and pulumi up bring lost machines back; empty restore",
    );
  };
}

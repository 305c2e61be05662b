import type * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { backupFolder, parseManagerLook, whyNotRestore } from "./plan";
import type { Config } from "../../stacks/config";
import { openKeyFile } from "./keyFile";
import type { Machine } from "../machine/machine";
import type { SharedFolder } from "../storage/sharedStorage";
import { known, nodeScript, runOnManager } from "../remote/nodeScript";
import type { SshAccess } from "../remote/sshAccess";

export interface RestoreArgs {
  stack: string;
  /** The manager that the backup is of. */
  machine: Machine;
  /** Every manager of the stack. */
  managers: Machine[];
  /** Where the backups are kept. */
  storage: SharedFolder;
  /** Secret. What opens the backup; OpenSSH format. */
  backupKey: pulumi.Output<string>;
  /** How this machine's `ssh` finds a manager. */
  access: SshAccess;
  config: Pick<Config, "restore" | "restoreUnlockKey" | "bootTimeoutSeconds">;
}

/**
 * Rebuilds the swarm from a backup, once for each one that the config names: the resource's name has
 * the backup's, and nothing that happens to the machine later repeats it. It is refused while the swarm
 * that was there before could come back (whyNotRestore). A key that autolock has locked is opened before.
 */
export function restore(
  name: string,
  args: RestoreArgs,
  opts: pulumi.CustomResourceOptions,
): command.remote.Command {
  const { stack, machine, storage, backupKey, config } = args;
  const backup = [storage.server, storage.export, backupFolder(stack), config.restore];
  const refuse = refusal(args);
  const open = keyOpened(args, backup);
  return nodeScript(
    `${name}-${config.restore}`,
    {
      machine,
      script: "backup/restore",
      create: [config.bootTimeoutSeconds, machine.advertiseAddress, ...backup],
      variables: { BACKUP_KEY: backupKey },
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

/** Looks at all managers, and fails when the backup is not to be restored. */
function refusal({ access, managers, config }: RestoreArgs): () => Promise<void> {
  const looks = managers.map(({ name }) => ({
    name,
    look: runOnManager({
      // One that is away is not waited for.
      access: { ...access, answerSeconds: 30 },
      ...{ manager: name, script: "backup/look", words: [] },
    }),
  }));
  return async () => {
    const seen = await Promise.all(
      looks.map(({ name, look }) =>
        look().then(
          (line) => [parseManagerLook(name, line)],
          () => [],
        ),
      ),
    );
    const why = whyNotRestore(config.restore, seen.flat());
    if (why) throw new Error(`nothing was restored: ${why}`);
  };
}

/** The machine gets the backup's key as if there had been no autolock. */
function keyOpened(
  { machine, access, backupKey, config }: RestoreArgs,
  backup: pulumi.Input<string>[],
): () => Promise<void> {
  const key = (words: pulumi.Input<string | number>[]) =>
    runOnManager({ access, manager: machine.name, script: "backup/key", words });
  const read = key(["read", config.bootTimeoutSeconds, ...backup]);
  const write = key(["write", config.restore]);
  const opensBackup = known(backupKey);
  return async () => {
    const locked = await read({ BACKUP_KEY: await opensBackup });
    await write({ KEY: openKeyFile(locked, config.restoreUnlockKey) });
  };
}

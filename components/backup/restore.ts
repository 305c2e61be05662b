import type * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { backupFolder, managerOfBackup, parseManagerLook, whyNotRestore } from "./plan";
import { openKeyFile } from "./keyFile";
import type { Machine } from "../machine/machine";
import type { SharedFolder } from "../storage/sharedStorage";
import type { RestoreStep } from "../swarm/swarm";
import { nodeScript, runOnManager, valueOf } from "../remote/nodeScript";
import type { SshAccess } from "../remote/sshAccess";

export interface RestoreArgs {
  stack: string;
  /** Name of the backup. */
  backup: string;
  /** Every machine of the stack. */
  machines: Machine[];
  /** Where the backups are kept. */
  storage: SharedFolder;
  /** Secret. What opens the backup; OpenSSH format. */
  backupKey: pulumi.Input<string>;
  /** Secret. The key of the swarm that the backup is of, where that had autolock; otherwise empty. */
  unlockKey: string;
  /** How this machine's `ssh` finds a manager. */
  access: SshAccess;
  timeoutSeconds: number;
}

/** All that its steps need. */
interface Restore extends RestoreArgs {
  /** The manager that the backup is of. */
  machine: Machine;
}

/** The swarm's beginning from a backup; undefined where none is named, or none of this stack's managers. */
export function restoreStep(args: RestoreArgs): RestoreStep | undefined {
  const { backup } = args;
  const machine = args.machines.find(({ name }) => name === managerOfBackup(backup));
  return machine && { backup, restore: (name, opts) => restore(name, { ...args, machine }, opts) };
}

/**
 * Rebuilds the swarm from a backup. Runs once per backup: the resource's name has the backup's, and
 * nothing that happens to the machine later repeats it. It is refused while the swarm that was there
 * before could come back (whyNotRestore). A key that autolock has locked is opened before.
 */
function restore(
  name: string,
  args: Restore,
  opts: pulumi.CustomResourceOptions,
): command.remote.Command {
  const { stack, backup, machine, storage, backupKey, unlockKey, timeoutSeconds } = args;
  const place = [storage.server, storage.export, backupFolder(stack), backup];
  const refuse = refusal(args);
  const open = keyOpened(args, place);
  return nodeScript(
    `${name}-${backup}`,
    {
      machine,
      script: "backup/restore",
      create: [timeoutSeconds, machine.advertiseAddress, ...place],
      variables: { BACKUP_KEY: backupKey },
      timeoutSeconds: 3 * timeoutSeconds,
    },
    {
      ...opts,
      ignoreChanges: ["connection", "create", "stdin"],
      hooks: {
        beforeCreate: [
          new pulumi.ResourceHook(`${name}-before`, async () => {
            await refuse();
            if (unlockKey) await open();
          }),
        ],
      },
    },
  );
}

/** Looks at all managers, and fails when the backup is not to be restored. */
function refusal({ access, machines, backup }: Restore): () => Promise<void> {
  const managers = machines.filter(({ role }) => role === "manager");
  const looks = managers.map(({ name }) => ({
    name,
    look: runOnManager({
      // One that is away is not waited for.
      access: { ...access, answerSeconds: 30 },
      manager: name,
      script: "backup/look",
      words: [],
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
    const why = whyNotRestore(backup, seen.flat());
    if (why) throw new Error(`nothing was restored: ${why}`);
  };
}

/** The machine gets the backup's key as if there had been no autolock. */
function keyOpened(
  { machine, access, backup, backupKey, unlockKey, timeoutSeconds }: Restore,
  place: pulumi.Input<string>[],
): () => Promise<void> {
  const key = (words: pulumi.Input<string | number>[]) =>
    runOnManager({ access, manager: machine.name, script: "backup/key", words });
  const read = key(["read", timeoutSeconds, ...place]);
  const write = key(["write", backup]);
  const opensBackup = valueOf(pulumi.output(backupKey));
  return async () => {
    const locked = await read({ BACKUP_KEY: await opensBackup });
    await write({ KEY: openKeyFile(locked, unlockKey) });
  };
}

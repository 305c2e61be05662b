import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { Config } from "../../plan/config";
import { ANY_MANAGER } from "../../plan/sshConfig";
import { backupFolder } from "../../plan/storage";
import type { Machine } from "../machine/machine";
import type { SharedFolder } from "../storage/sharedStorage";
import { known, nodeScript } from "../swarm/nodeScript";
import type { SshAccess } from "../swarm/sshAccess";

export interface RestoreArgs {
  stack: string;
  /** The machine that the swarm begins anew on. */
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
 * manager has a leader.
 */
export function restore(
  name: string,
  args: RestoreArgs,
  opts: pulumi.CustomResourceOptions,
): command.remote.Command {
  const { stack, machine, storage, access, config } = args;
  return nodeScript(
    `${name}-${config.restore}`,
    {
      machine,
      script: "backup/restore",
      create: [
        ...[config.bootTimeoutSeconds, machine.advertiseAddress],
        ...[storage.server, storage.export, backupFolder(stack), config.restore],
      ],
      variables: { UNLOCK_KEY: pulumi.secret(config.restoreUnlockKey) },
      timeoutSeconds: 3 * config.bootTimeoutSeconds,
    },
    {
      ...opts,
      ignoreChanges: ["connection", "create", "stdin"],
      hooks: {
        beforeCreate: [
          new pulumi.ResourceHook(`${name}-only-without-leader`, noLeader(access, config.restore)),
        ],
      },
    },
  );
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

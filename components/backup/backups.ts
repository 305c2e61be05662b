import * as pulumi from "@pulumi/pulumi";
import { backupFolder } from "../../plan/backup";
import type { Config } from "../../plan/config";
import type { Machine } from "../machine/machine";
import type { SharedFolder } from "../storage/sharedStorage";
import { nodeScript, scriptText } from "../swarm/nodeScript";

export interface BackupsArgs {
  stack: string;
  managers: Machine[];
  /** Where the backups are kept. */
  storage: SharedFolder;
  config: Pick<Config, "backupSchedule" | "backupKeep" | "bootTimeoutSeconds">;
}

/**
 * Backups of the swarm's own state: services, secrets, configs, networks, who is a member. Creates on
 * every manager a script that installs the command `swarm-backup` and its timer. One of them at a time
 * does the work, a follower while there is one.
 *
 * Without storage it creates nothing.
 */
export class Backups extends pulumi.ComponentResource {
  constructor(name: string, args: BackupsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("swarm:backup:Backups", name, {}, opts);
    const { stack, managers, storage, config } = args;

    if (storage.kind !== "none") {
      for (const machine of managers) {
        nodeScript(
          `${name}-${machine.name}`,
          {
            machine,
            script: "backup/install",
            create: [
              ...[config.backupSchedule, storage.server, storage.export],
              ...[backupFolder(stack), config.backupKeep],
            ],
            variables: { PROGRAM: scriptText("backup/backup") },
            triggers: [machine.identity],
            timeoutSeconds: config.bootTimeoutSeconds,
          },
          { parent: this },
        );
      }
    }
    this.registerOutputs();
  }
}

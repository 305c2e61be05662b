import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import { backupFolder } from "./plan";
import type { Machine } from "../machine/machine";
import type { SharedFolder } from "../storage/sharedStorage";
import { nodeScript, scriptText } from "../remote/nodeScript";

export interface BackupsArgs {
  stack: string;
  /** Where the backups are kept. */
  storage: SharedFolder;
  /** When a backup is made, as systemd's OnCalendar has it. */
  schedule: string;
  /** How many backups are kept. */
  keep: number;
  timeoutSeconds: number;
}

/**
 * Backups of the swarm's own state: services, secrets, configs, networks, who is a member. Creates a
 * `tls.PrivateKey` (Ed25519), whose public half they are encrypted to, and, once there are managers to
 * install them on, on every manager a script that installs the command `swarm-backup` and its timer. One
 * of them at a time does the work, a follower while there is one.
 *
 * Without storage it creates nothing.
 */
export class Backups extends pulumi.ComponentResource {
  /** Secret. Opens the backups; OpenSSH format. Empty without storage. */
  readonly key: pulumi.Output<string>;
  private readonly keyPair: tls.PrivateKey | undefined;

  constructor(
    private readonly prefix: string,
    private readonly args: BackupsArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("swarm:backup:Backups", prefix, {}, opts);
    this.keyPair =
      args.storage.kind === "none"
        ? undefined
        : new tls.PrivateKey(`${prefix}-key`, { algorithm: "ED25519" }, { parent: this });
    this.key = this.keyPair?.privateKeyOpenssh ?? pulumi.secret("");
    this.registerOutputs({ key: this.key });
  }

  /** A step of its own: a restore takes the key before there is a swarm, let alone its storage. */
  installOn(managers: Machine[], dependsOn: pulumi.Resource[]): void {
    const { stack, storage, schedule, keep, timeoutSeconds } = this.args;
    if (!this.keyPair) return;
    const publicKey = this.keyPair.publicKeyOpenssh.apply((line) => line.trim());
    for (const machine of managers) {
      nodeScript(
        `${this.prefix}-${machine.name}`,
        {
          machine,
          script: "backup/install",
          create: [schedule, storage.server, storage.export, backupFolder(stack), keep, publicKey],
          variables: { PROGRAM: scriptText("backup/backup") },
          triggers: [machine.identity],
          timeoutSeconds,
        },
        { parent: this, dependsOn },
      );
    }
  }
}

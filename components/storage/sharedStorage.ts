import * as pulumi from "@pulumi/pulumi";
import { ANY_MANAGER } from "../remote/sshConfig";
import type { DataFolder, Storage } from "./plan";
import type { Machine } from "../machine/machine";
import { managerScript, nodeScript } from "../remote/nodeScript";
import type { SshAccess } from "../remote/sshAccess";

/** A folder of an NFS server, as planned, or of one that is made. */
export interface SharedFolder extends Omit<Storage, "server"> {
  server: pulumi.Input<string>;
}

export interface SharedStorageArgs {
  storage: SharedFolder;
  /** The machine that exports it, where the stack has one. */
  machine: Machine | undefined;
  /** The nodes' addresses, which it exports to. */
  clients: pulumi.Input<string>[];
  /** Content of its nftables.conf. */
  firewallRules: (machine: Machine) => pulumi.Input<string>;
  /** How this machine's `ssh` finds a manager, which looks whether the storage can be used. */
  access: SshAccess;
  /** What has to be there before it can look. */
  dependsOn: pulumi.Resource[];
  /** The folders of services that keep data. */
  folders: DataFolder[];
  /** Bound for the server to answer, in seconds. */
  timeoutSeconds: number;
}

/** How long a server that the stack does not make may take to answer. */
const ANSWER_SECONDS = 30;

/**
 * Storage for data that outlives the node that its service runs on, on an NFS 4 server. Creates a
 * script that makes the storage machine a server, where there is one, and a script on a node that
 * mounts the export, writes to it and makes a folder for each service: a wrong server, a missing
 * export and a missing permission are errors here, and not a service that never starts.
 *
 * Without storage it creates nothing.
 */
export class SharedStorage extends pulumi.ComponentResource {
  constructor(name: string, args: SharedStorageArgs, opts?: pulumi.ComponentResourceOptions) {
    super("swarm:storage:SharedStorage", name, {}, opts);
    const { storage, machine, timeoutSeconds } = args;

    const server =
      machine &&
      nodeScript(
        `${name}-export`,
        {
          machine,
          script: "storage/export",
          create: [timeoutSeconds, storage.export, machine.dataDevice ?? "", ...args.clients],
          variables: { FIREWALL: args.firewallRules(machine) },
          triggers: [machine.identity],
          timeoutSeconds: 2 * timeoutSeconds,
        },
        { parent: this },
      );
    if (storage.kind !== "none") {
      managerScript(
        `${name}-folders`,
        {
          access: args.access,
          manager: ANY_MANAGER,
          script: "storage/folders",
          create: [
            // The stack's own has answered before, and a new name on EC2 takes a while to be known.
            storage.kind === "nfs" ? ANSWER_SECONDS : timeoutSeconds,
            storage.server,
            storage.export,
            ...args.folders.map(word),
          ],
          triggers: machine ? [machine.identity] : [],
          timeoutSeconds: 2 * timeoutSeconds,
        },
        {
          parent: this,
          dependsOn: [...args.dependsOn, ...(server ? [server] : [])],
        },
      );
    }
    this.registerOutputs();
  }
}

/** As the script takes it: root's folders by their name alone. */
function word({ service, uid }: DataFolder): string {
  return uid === 0 ? service : `${service}:${uid}`;
}

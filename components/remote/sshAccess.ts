import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { knownHosts, sshConfig, sshFolder, type SshHost } from "./sshConfig";
import type { Machine } from "../machine/machine";

/** How this machine's `ssh` reaches the stack's machines. */
export interface SshAccess {
  /** Path of an `ssh_config`, from the project's folder. Known once the file is there. */
  config: pulumi.Output<string>;
  /** Who logs in. */
  user: pulumi.Output<string>;
  /** Until some manager has to answer, in seconds. */
  answerSeconds: number;
}

export interface SshFiles {
  hosts: SshHost[];
  user: string;
  /** OpenSSH format. */
  privateKey: string;
  /** Each machine's line of a `known_hosts` file, by its address. */
  knownHosts: string[];
}

/**
 * Writes the stack's key, known host keys and `ssh_config` below the project's folder, the key
 * readable by this user only, and returns the path of the config. In a preview nothing is written.
 */
export function sshAccess(stack: string, machines: Machine[], answerSeconds: number): SshAccess {
  const first = machines[0]!;
  const path = `${sshFolder(stack)}/config`;
  const write = () =>
    pulumi
      .all([
        pulumi.all(machines.map(({ ingressAddress }) => ingressAddress)),
        pulumi.all(machines.map(({ knownHost }) => knownHost)),
        first.connection,
      ])
      .apply(([addresses, knownHosts, { user, privateKey }]) =>
        writeSshFiles(stack, {
          hosts: machines.map(({ name, role }, i) => ({ name, role, address: addresses[i]! })),
          user,
          privateKey,
          knownHosts,
        }),
      );
  return {
    // An apply runs in a preview too, with the machines as they would be.
    config: pulumi.runtime.isDryRun() ? pulumi.output(path) : pulumi.unsecret(write()),
    // The private key makes the whole connection a secret; the user's name in it is none.
    user: pulumi.unsecret(first.connection.user),
    answerSeconds,
  };
}

function readIfThere(path: string): string {
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}

/** Writes them, and returns the path of the config, from the project's folder. */
export function writeSshFiles(stack: string, files: SshFiles, project = process.cwd()): string {
  const folder = sshFolder(stack);
  mkdirSync(join(project, folder), { recursive: true, mode: 0o700 });
  // A new file in the place of the old one: somebody may be reading that.
  const write = (name: string, text: string, mode: number) => {
    const path = join(project, folder, name);
    writeFileSync(`${path}.new`, text, { mode });
    renameSync(`${path}.new`, path);
  };
  write("key", files.privateKey, 0o600);
  const known = `${knownHosts(files.hosts, files.knownHosts).join("\n")}\n`;
  const before = readIfThere(join(project, folder, "known_hosts"));
  // The keys of the run before are taken too, until a run that changes none.
  write("known_hosts.former", before === known ? "" : before, 0o644);
  write("known_hosts", known, 0o644);
  write("config", sshConfig(folder, files.user, files.hosts), 0o644);
  return `${folder}/config`;
}

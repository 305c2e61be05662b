import { join } from "node:path";
import type { Role } from "../machine/nodes";

/** A machine as `ssh` has to know it. */
export interface SshHost {
  name: string;
  role: Role;
  /** Where it answers. */
  address: string;
}

/** Folder for a stack's SSH files, from the project's folder. */
export function sshFolder(stack: string): string {
  return `.cache/ssh/${stack}`;
}

/** Stands for any manager that is in a swarm with a leader. */
export const ANY_MANAGER = "swarm-any";

/** The same, but for one of them. */
export function anyManagerBut(name: string): string {
  return `swarm-without-${name}`;
}

/** Bound for ssh to be connected to any manager: any-manager asks them all for longer than ten seconds. */
const ANY_MANAGER_SECONDS = 120;

const PROXY = join(__dirname, "any-manager");

/**
 * An `ssh_config` for one stack: every machine under its name, and names that stand for whichever
 * manager can speak for the swarm at that moment (ANY_MANAGER, anyManagerBut).
 * https://man.openbsd.org/ssh_config
 */
export function sshConfig(folder: string, user: string, hosts: SshHost[]): string {
  const managers = hosts.filter(({ role }) => role === "manager");
  const addresses = managers.map(({ name, address }) => `${name}=${address}`);
  return [
    `# managers: ${managers.map(({ name }) => name).join(" ")}`,
    "Host swarm-*",
    `  ProxyCommand "${PROXY}" ${folder}/config %n ${addresses.join(" ")}`,
    `  ConnectTimeout ${ANY_MANAGER_SECONDS}`,
    "Host *",
    `  User ${user}`,
    `  IdentityFile ${folder}/key`,
    "  IdentitiesOnly yes",
    // While a machine is replaced, it may have its former key still.
    `  UserKnownHostsFile ${folder}/known_hosts ${folder}/known_hosts.former`,
    "  StrictHostKeyChecking yes",
    "  UpdateHostKeys no",
    "  BatchMode yes",
    "  ConnectTimeout 10",
    "  ServerAliveInterval 10",
    "  LogLevel ERROR",
    ...hosts.flatMap(({ name, address }) => [`Host ${name}`, `  HostName ${address}`]),
    "",
  ].join("\n");
}

/**
 * The lines of a `known_hosts` file: every machine's own, and those by which a name for any manager is
 * known to be one of them.
 *
 * @param own each machine's line, by its address
 */
export function knownHosts(hosts: SshHost[], own: string[]): string[] {
  const managers = hosts.filter(({ role }) => role === "manager");
  const aliases = managers.flatMap(({ name, address }) =>
    own
      .filter((line) => line.startsWith(`${address} `))
      // A pattern: the one to leave out may be a machine that is no longer among these.
      .map((line) => {
        const names = `${ANY_MANAGER},${anyManagerBut("*")},!${anyManagerBut(name)}`;
        return names + line.slice(address.length);
      }),
  );
  return [...own, ...aliases];
}

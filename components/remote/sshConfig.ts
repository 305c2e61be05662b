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

/** What a manager answers when its swarm has a leader, and with an error otherwise. */
const ASK =
  "curl --silent --fail --max-time 5 --unix-socket /var/run/docker.sock http://engine/swarm";

/**
 * How often all managers are asked, and the seconds in between. While they elect a leader none of them
 * can speak for the swarm: that takes them 10 to 20 s, and the Docker provider does not try again.
 * https://github.com/moby/swarmkit/blob/master/manager/state/raft/raft.go (ElectionTick)
 */
const ROUNDS = 10;
const PAUSE_SECONDS = 2;

/**
 * An `ssh_config` for one stack: every machine under its name, and two names that stand for whichever
 * manager can speak for the swarm at that moment (ANY_MANAGER, anyManagerBut). A manager is asked
 * before it is chosen, in the order given, so a machine that is away, or back but not yet in the
 * swarm, is passed over. Where none can, all are asked again, for about half a minute, and
 * longer where machines are silent: each is given ten seconds.
 * https://man.openbsd.org/ssh_config
 */
export function sshConfig(folder: string, user: string, hosts: SshHost[]): string {
  const managers = hosts.filter(({ role }) => role === "manager");
  // `host` is what an earlier match has made of the name: once there is an address, no other manager
  // is asked.
  const round = managers.flatMap(({ name, address }) => [
    `Match host swarm-*,!${anyManagerBut(name)} exec "ssh -F ${folder}/config ${name} ${ASK} >/dev/null 2>&1"`,
    `  HostName ${address}`,
  ]);
  const pause = `Match host swarm-* exec "sleep ${PAUSE_SECONDS}; false"`;
  const again = Array.from({ length: ROUNDS - 1 }, () => [pause, ...round]).flat();
  return [
    "Host *",
    `  User ${user}`,
    `  IdentityFile ${folder}/key`,
    "  IdentitiesOnly yes",
    // While a machine is replaced, it may have its former key still.
    `  UserKnownHostsFile ${folder}/known_hosts ${folder}/known_hosts.former`,
    "  StrictHostKeyChecking yes",
    "  BatchMode yes",
    "  ConnectTimeout 10",
    "  ServerAliveInterval 10",
    "  LogLevel ERROR",
    ...hosts.flatMap(({ name, address }) => [`Host ${name}`, `  HostName ${address}`]),
    ...round,
    ...again,
    "Match host swarm-*",
    "  HostName no-manager-answers.invalid",
    "",
  ].join("\n");
}

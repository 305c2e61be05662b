/** When it was made, and the manager that it is of, as backup.sh names it. */
const NAME = /^\d{8}T\d{6}Z-(mg\d+)$/;

/** Name of the manager that a backup is of; undefined for what is no backup's name. */
export function managerOfBackup(name: string): string | undefined {
  return NAME.exec(name)?.[1];
}

/** Where backups of a stack's swarm are on the storage. */
export function backupFolder(stack: string): string {
  return `backups/${stack}`;
}

/** What there is on a manager before a restore. */
export interface ManagerLook {
  name: string;
  /** The state of its engine's part in a swarm, as `docker info` has it. */
  state: string;
  /** Whether that swarm has a leader. */
  hasLeader: boolean;
  /** The backup that was restored on it last; empty for none. */
  restored: string;
  /** Whether that restore is not done yet: it goes on, or it broke off. */
  begun: boolean;
}

/** Reads what look.sh prints. */
export function parseManagerLook(name: string, line: string): ManagerLook {
  const [state = "", leader, ...restored] = line.trim().split(" ");
  const begun = restored[0] === "begun";
  return {
    name,
    state,
    begun,
    hasLeader: leader === "yes",
    restored: restored[begun ? 1 : 0] ?? "",
  };
}

/**
 * Why a backup is not to be restored, judged by what there is on the managers that answer; undefined
 * where it may be. The restore ends what is left of a swarm, so nothing of it may be able to come back.
 * A restore of the same backup that broke off goes on.
 */
export function whyNotRestore(backup: string, managers: ManagerLook[]): string | undefined {
  const its = managers.find(({ restored }) => restored === backup);
  // It is done, and stays as it is.
  if (its && !its.begun) return undefined;

  const leading = managers.find((manager) => manager.hasLeader && manager !== its);
  if (leading) {
    return (
      `the manager ${leading.name} is in a swarm with a leader, and what that has would be lost. ` +
      "pulumi refresh and pulumi up bring lost machines back; empty restore"
    );
  }
  if (its) return undefined;

  const other = managers.find(({ begun }) => begun);
  if (other) {
    return (
      `a restore of ${other.restored} has begun on ${other.name} and is not done. Set restore to that ` +
      "one, and run pulumi up again. If it cannot be finished, docs/restore.md says how to give it up"
    );
  }
  const locked = managers.find(({ state }) => state === "locked");
  if (locked) {
    return (
      `the manager ${locked.name} is locked, and its swarm may have a leader once it is not. Bring it ` +
      "its key: docker swarm unlock on it (the output unlockKey). If it has no leader then either, or " +
      "the key is lost, give up its state: docker swarm leave --force on it. Then run pulumi up again"
    );
  }
  return undefined;
}

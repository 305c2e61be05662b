import type { Check } from "./check";

/** What `swarm-backup status` prints. */
export interface BackupStatus {
  /** Name of the newest one; undefined for none. */
  newest: string | undefined;
  /** Its age; without one, how long ago its timer was installed. */
  ageSeconds: number;
  /** How old it may be by the schedule; 0 without one. */
  allowedSeconds: number;
}

export function parseStatus(line: string): BackupStatus {
  const [, name, age, allowed] = /^(\S+) (-?\d+) (\d+)$/.exec(line) ?? [];
  if (!name) throw new Error(`swarm-backup status printed ${JSON.stringify(line)}`);
  return {
    newest: name === "none" ? undefined : name,
    ageSeconds: Number(age),
    allowedSeconds: Number(allowed),
  };
}

/** What there is to say of the newest backup. Throws with that when it is too old. */
export function backupNote({ newest, ageSeconds, allowedSeconds }: BackupStatus): string {
  const said = newest
    ? `the last one is ${newest}, ${duration(ageSeconds)} old`
    : "there is no backup yet";
  if (allowedSeconds > 0 && ageSeconds > allowedSeconds) {
    const since = newest
      ? said
      : `there is no backup, ${duration(ageSeconds)} after its timer was installed`;
    throw new Error(
      `${since}; by backupSchedule it should be less than ${duration(allowedSeconds)} old. On each ` +
        "manager, journalctl -u swarm-backup says why there is none",
    );
  }
  return allowedSeconds > 0 ? said : `${said}; none is made by itself`;
}

/** In the largest unit of which there are two. */
function duration(seconds: number): string {
  const units: [string, number][] = [
    ["days", 86_400],
    ["hours", 3_600],
    ["minutes", 60],
  ];
  const [unit, length] = units.find(([, length]) => seconds >= 2 * length) ?? ["seconds", 1];
  return `${Math.floor(seconds / length)} ${unit}`;
}

const recentBackup: Check = {
  name: "the last backup of the swarm's state is as new as its schedule says",
  applies: ({ storage }) => storage.kind !== "none",
  run: async (cluster) =>
    backupNote(parseStatus(await cluster.runOnAManager("swarm-backup status"))),
};

export const backupChecks: Check[] = [recentBackup];

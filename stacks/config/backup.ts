import { managerOfBackup } from "../../components/backup/plan";
import { flag, integer, text } from "../../components/machine/fields";

/** Roughly what systemd takes; the managers ask systemd itself. `man 7 systemd.time` */
function scheduleProblem(schedule: string): string | undefined {
  return /^[\w*:.,/~ +-]*$/.test(schedule)
    ? undefined
    : "is no calendar event of systemd; write one such as daily or *-*-* 03:00, or nothing";
}

function backupProblem(name: string): string | undefined {
  return name === "" || managerOfBackup(name)
    ? undefined
    : "is no name of a backup; write one that `npm run backup -- -s STACK --list` prints";
}

/** The form that `docker swarm unlock-key` prints. */
function unlockKeyProblem(key: string): string | undefined {
  return key === "" || /^SWMKEY-1-\S+$/.test(key)
    ? undefined
    : "is no unlock key; write the stack's output unlockKey, which begins with SWMKEY-1-";
}

/** The swarm's own state, in case that most of its managers are lost. */
export const backupKeys = {
  autolock: flag(),
  backupSchedule: text(scheduleProblem),
  backupKeep: integer({ min: 1, max: 10_000 }),
  restore: text(backupProblem),
  restoreKeyFile: text(() => undefined),
  restoreUnlockKey: text(unlockKeyProblem),
};

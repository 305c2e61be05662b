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

import type { Cluster } from "../conformance/cluster";

/** Makes a backup, and returns its name. */
export async function backUp(cluster: Cluster): Promise<string> {
  return firstAnswer(cluster, "swarm-backup");
}

/** The names of the backups that there are, as text. */
export async function listBackups(cluster: Cluster): Promise<string> {
  return firstAnswer(cluster, "swarm-backup list");
}

/** The newest one's name, its age and the age that its schedule allows, as text. */
export async function backupStatus(cluster: Cluster): Promise<string> {
  return firstAnswer(cluster, "swarm-backup status");
}

/** Managers may be lost, and all but one of those that are there leave the work to that one. */
async function firstAnswer(cluster: Cluster, command: string): Promise<string> {
  const why: string[] = [];
  for (const manager of cluster.managers) {
    const answer = await cluster.run(manager, command).catch((error: Error) => {
      why.push(error.message);
      return "";
    });
    if (answer) return answer;
  }
  throw new Error(["no manager did it", ...why].join("\n"));
}

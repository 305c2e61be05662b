import { Cluster, NEXT_MANAGER_SECONDS } from "../conformance/cluster";
import { run, verb } from "./command";
import { readStackOutputs } from "./stackOutputs";

/** A manager that prints nothing has left the work to another one: where there is no backup, this says so. */
const LIST = `sh -c 'names=$(swarm-backup list) && echo "\${names:-there is no backup yet}"'`;

const backup = verb("backup", "Backs up the swarm's state now, and prints the backup's name.")
  .option("--list", "print the names of the backups that exist, the newest first, and make none")
  .action(async ({ stack, list }: { stack: string; list?: boolean }) => {
    const cluster = new Cluster(await readStackOutputs(stack), NEXT_MANAGER_SECONDS);
    try {
      console.log(await cluster.runOnAManager(list ? LIST : "swarm-backup"));
    } finally {
      await cluster.close();
    }
  });

void run(backup);

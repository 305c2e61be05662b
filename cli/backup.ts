import { Cluster } from "../conformance/cluster";
import { run, verb } from "./command";
import { readStackOutputs } from "./stackOutputs";

/** A manager that does not answer is left for the next one after so many seconds. */
const DIAL_SECONDS = 10;

const backup = verb("backup", "Backs up the swarm's state now, and prints the backup's name.")
  .option("--list", "print the names of the backups that exist, the newest first, and make none")
  .action(async ({ stack, list }: { stack: string; list?: boolean }) => {
    const cluster = new Cluster(await readStackOutputs(stack), DIAL_SECONDS);
    try {
      console.log(await cluster.runOnAManager(list ? "swarm-backup list" : "swarm-backup"));
    } finally {
      await cluster.close();
    }
  });

void run(backup);

/**
 * `npm run backup -- -s STACK`: backs up the swarm's state now, and prints the backup's name.
 * With `--list`, the names of those that there are, the newest first.
 */
import { parseArgs } from "node:util";
import { backUp, listBackups } from "./backups";
import { Cluster } from "../conformance/cluster";
import { readStackOutputs, requireStack } from "./stackOutputs";

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { stack: { type: "string", short: "s" }, list: { type: "boolean" } },
  });
  const cluster = new Cluster(await readStackOutputs(requireStack(values.stack)), 10);
  try {
    console.log(await (values.list ? listBackups(cluster) : backUp(cluster)));
  } finally {
    await cluster.close();
  }
}

main().catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 2;
});

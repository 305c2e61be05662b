/**
 * `npm run drift -- -s STACK`: what of the running swarm is not as the last `up` left it, and which
 * nodes lack security updates.
 */
import { Cluster } from "../../conformance/cluster";
import { readStackOutputs, stackArgument } from "../stackOutputs";
import { differences } from "./differences";
import { seen } from "./seen";
import { updatesReport } from "./updates";
import { wanted } from "./wanted";

async function main(): Promise<void> {
  const cluster = new Cluster(await readStackOutputs(stackArgument()));
  const lines = differences(wanted(cluster.outputs), await seen(cluster));
  const { security, notes } = await updatesReport(cluster);
  await cluster.close();
  for (const line of [...lines, ...security, ...notes]) console.log(line);
  console.log(`${count(lines, "difference")}, ${count(security, "security update")} to install`);
  process.exitCode = lines.length + security.length === 0 ? 0 : 1;
}

function count({ length }: string[], what: string): string {
  return `${length} ${what}${length === 1 ? "" : "s"}`;
}

main().catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 2;
});

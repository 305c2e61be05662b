/** `npm run drift -- -s STACK`: what of the running swarm is not as the last `up` left it. */
import { Cluster } from "../cluster";
import { readStackOutputs, stackArgument } from "../stackOutputs";
import { differences } from "./differences";
import { seen } from "./seen";
import { wanted } from "./wanted";

async function main(): Promise<void> {
  const cluster = new Cluster(await readStackOutputs(stackArgument()));
  const lines = differences(wanted(cluster.outputs), await seen(cluster));
  await cluster.close();
  for (const line of lines) console.log(line);
  console.log(`${lines.length} difference${lines.length === 1 ? "" : "s"}`);
  process.exitCode = lines.length === 0 ? 0 : 1;
}

main().catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 2;
});

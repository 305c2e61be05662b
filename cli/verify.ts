/** `npm run verify -- -s STACK`: the conformance checks against a stack that is up. */
import { Cluster } from "../conformance/cluster";
import { report, runChecks } from "../conformance";
import { readStackOutputs, stackArgument } from "./stackOutputs";

async function main(): Promise<void> {
  const cluster = new Cluster(await readStackOutputs(stackArgument()));
  const results = await runChecks(cluster);
  await cluster.close();
  console.log(report(results));
  const failed = results.filter(({ failure }) => failure !== undefined).length;
  console.log(`${results.length - failed} checks hold, ${failed} do not`);
  process.exitCode = failed === 0 ? 0 : 1;
}

main().catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 2;
});

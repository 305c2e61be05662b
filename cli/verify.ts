import { report, runChecks } from "../conformance";
import { Cluster } from "../conformance/cluster";
import { EXIT, run, verb } from "./command";
import { readStackOutputs } from "./stackOutputs";

const verify = verb(
  "verify",
  "Runs the conformance checks against a stack that is up.",
  "a check does not hold",
).action(async ({ stack }: { stack: string }) => {
  const cluster = new Cluster(await readStackOutputs(stack));
  const results = await runChecks(cluster);
  await cluster.close();
  console.log(report(results));
  const failed = results.filter(({ failure }) => failure !== undefined).length;
  console.log(`${results.length - failed} checks hold, ${failed} do not`);
  process.exitCode = failed === 0 ? EXIT.good : EXIT.found;
});

void run(verify);

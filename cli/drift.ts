import { Cluster } from "../conformance/cluster";
import { EXIT, run, verb } from "./command";
import { differences } from "./drift/differences";
import { seen } from "./drift/seen";
import { updatesReport } from "./drift/updates";
import { wanted } from "./drift/wanted";
import { readStackOutputs } from "./stackOutputs";

const drift = verb(
  "drift",
  "Says what of the running swarm is not as the last `up` left it, and which nodes lack security updates.",
  "there is a difference, or a security update to install",
).action(async ({ stack }: { stack: string }) => {
  const cluster = new Cluster(await readStackOutputs(stack));
  const lines = differences(wanted(cluster.outputs), await seen(cluster));
  const { security, notes } = await updatesReport(cluster);
  await cluster.close();
  for (const line of [...lines, ...security, ...notes]) console.log(line);
  console.log(`${count(lines, "difference")}, ${count(security, "security update")} to install`);
  process.exitCode = lines.length + security.length === 0 ? EXIT.good : EXIT.found;
});

function count({ length }: string[], what: string): string {
  return `${length} ${what}${length === 1 ? "" : "s"}`;
}

void run(drift);

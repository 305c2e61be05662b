/**
 * How fast the machines themselves can be: all six started at once, until the last Docker engine
 * answers. Prints the seconds. Runs inside a lab.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { join } from "node:path";
import { Cluster } from "../../conformance/cluster";
import { BARE, devStack } from "../devStack";
import { startHypervisor } from "../hypervisor";
import type { NodeOutput, StackOutputs } from "../../stacks/outputs";
import { startRegistry } from "../registry";
import { rehearse } from "../rehearsal";

async function main(): Promise<void> {
  const { options } = devStack(await startHypervisor(), await startRegistry(), BARE);
  let started: number | undefined;
  const { outputs } = await rehearse({
    ...options,
    projectDir: join(__dirname, "machines"),
    onResource: ({ type, phase }) => {
      if (phase === "start" && type.endsWith(":Domain")) started ??= performance.now();
    },
  });
  const cluster = new Cluster(outputs as unknown as StackOutputs, 900);
  await Promise.all(cluster.nodes.map((node) => engineAnswers(cluster, node)));
  console.log(`total ${Math.round((performance.now() - started!) / 1000)}`);
  await cluster.close();
}

async function engineAnswers(cluster: Cluster, node: NodeOutput): Promise<void> {
  for (let tries = 0; tries < 900; tries++) {
    const answer = await cluster.run(node, "docker info").catch(() => undefined);
    if (answer !== undefined) return;
    await sleep(1000);
  }
  throw new Error(`${node.name}: its engine did not answer`);
}

main().catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});

import { taskBounds } from "../components/service/plan";
import type { Cluster } from "./cluster";
import type { NodeOutput, StackOutputs } from "../stacks/outputs";
import { eventually, expectEach, expectNone, type Check } from "./check";
import { isRunning, listTasks, serviceOf } from "./docker";
import { get } from "./probes";

const REQUESTS = 30;

/** The port at which the mesh takes requests for `web`; undefined if there is none. */
export function webPort(outputs: StackOutputs): number | undefined {
  const web = serviceOf(outputs, "web");
  if (!web || web.replicas === 0) return undefined;
  return web.publish.find(({ mode, protocol }) => mode === "ingress" && protocol === "tcp")
    ?.published;
}

/**
 * Sends requests to `web` by the address of one node, one after another and each on a connection of
 * its own. `web` answers with the name of the node that the task runs on.
 */
export async function requestWeb(cluster: Cluster, node: NodeOutput): Promise<string[]> {
  const { outputs } = cluster;
  const replicas = taskBounds(serviceOf(outputs, "web")!)?.max ?? cluster.nodes.length;
  const answers: string[] = [];
  // With many replicas, 30 requests would not be enough for each to have its share.
  while (answers.length < Math.max(REQUESTS, 4 * replicas)) {
    const { status, body } = await get({ host: node.ingressAddress, port: webPort(outputs) });
    if (status !== 200) throw new Error(`${node.name}: web answered with HTTP status ${status}`);
    answers.push(body.trim());
  }
  return answers;
}

/**
 * What is wrong with the shares of the replicas, if a replica has half of its share or less. Replicas
 * on the same node give the same answer, so all but one of them are taken to have their full share.
 *
 * @param answers names of nodes, one for each request
 * @param replicas how many replicas each node runs
 */
export function unfairShares(answers: string[], replicas: Record<string, number>): string[] {
  const share = answers.length / Object.values(replicas).reduce((sum, count) => sum + count, 0);
  const count = (name: string) => answers.filter((answer) => answer === name).length;
  const tooFew = Object.entries(replicas)
    .filter(([name, running]) => count(name) <= (running - 0.5) * share)
    .map(
      ([name, running]) =>
        `${name} has ${count(name)} of ${answers.length} answers for ${running} replicas`,
    );
  const strangers = [...new Set(answers)]
    .filter((answer) => !(answer in replicas))
    .map((answer) => `${count(answer)} answers ${JSON.stringify(answer)}, no node with a replica`);
  return [...tooFew, ...strangers];
}

const roundRobin: Check = {
  name: "requests to any node are spread evenly over all replicas of web",
  applies: (outputs) => webPort(outputs) !== undefined,
  async run(cluster) {
    // Right after a change, a node's balancer may not know all replicas yet.
    await eventually(async () => {
      const tasks = await listTasks(cluster, [serviceOf(cluster.outputs, "web")!]);
      const replicas: Record<string, number> = {};
      for (const { node } of tasks.filter(isRunning)) replicas[node] = (replicas[node] ?? 0) + 1;
      await expectEach(cluster.nodes, async (node) => {
        const problems = unfairShares(await requestWeb(cluster, node), replicas);
        expectNone(problems.map((problem) => `by ${node.name}: ${problem}`));
      });
    });
  },
};

/** The web service: balanced over its replicas. */
export const webChecks: Check[] = [roundRobin];

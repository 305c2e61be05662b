import type { Cluster } from "./cluster";
import type { NodeOutput } from "../stacks/outputs";
import { eventually, expectEach, expectSame, type Check } from "./check";
import { isRunning, listTasks, runShell, runWords, serviceOf } from "./docker";
import { nodesOf } from "./services";

/** Service and network have this name. */
const OVER_TEST = "over-test";

/** A task's container. */
interface Replica {
  node: NodeOutput;
  container: string;
  /** In the network `over-test`. */
  address: string;
}

async function replicas(cluster: Cluster): Promise<Replica[]> {
  const tasks = await listTasks(cluster, [serviceOf(cluster.outputs, OVER_TEST)!]);
  const wanted = Number(serviceOf(cluster.outputs, OVER_TEST)!.replicas);
  expectSame("replicas of over-test that run", tasks.filter(isRunning).length, wanted);
  const nodes = nodesOf(OVER_TEST, tasks, cluster.nodes);
  expectSame("nodes that run over-test", nodes.length, Math.min(wanted, cluster.nodes.length));
  const found = await Promise.all(
    nodes.map(async (node): Promise<Replica[]> => {
      const lines = await runShell(
        cluster,
        node,
        `docker ps --quiet --filter label=com.docker.swarm.service.name=${OVER_TEST} |` +
          " xargs --no-run-if-empty docker inspect --format" +
          ` '{{.Id}} {{(index .NetworkSettings.Networks "${OVER_TEST}").IPAddress}}'`,
      );
      return lines
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => line.split(" "))
        .map(([container, address]) => ({ node, container: container!, address: address! }));
    }),
  );
  return found.flat();
}

/** The addresses that `nslookup` found for a name, without the one of the name server. */
export function parseAddresses(output: string): string[] {
  const answer = output.slice(output.indexOf("Name:"));
  if (!output.includes("Name:")) return [];
  return [...answer.matchAll(/^Address[^:]*:\s*(\d+(?:\.\d+){3})\b/gm)]
    .map(([, address]) => address!)
    .sort();
}

const reachEachOther: Check = {
  name: "containers on different nodes find and reach each other by an overlay network",
  applies: (outputs) => serviceOf(outputs, OVER_TEST) !== undefined,
  async run(cluster) {
    await eventually(async () => {
      const all = await replicas(cluster);
      const addresses = all.map(({ address }) => address).sort();
      await expectEach(all, async ({ node, container, address }) => {
        // It has no IPv6 address to find, which BusyBox takes for a failure.
        const found = await runShell(
          cluster,
          node,
          `docker exec ${container} nslookup tasks.${OVER_TEST} 2>&1 || true`,
        );
        const seen = parseAddresses(found);
        expectSame(`tasks.${OVER_TEST} as ${node.name} finds it (${found})`, seen, addresses);
        for (const other of addresses.filter((one) => one !== address)) {
          const ping = ["ping", "-c", "1", "-W", "5", other];
          await runWords(cluster, node, "docker", "exec", container, ...ping);
        }
      });
    });
  },
};

const onlyWhereNeeded: Check = {
  name: "an overlay network is on managers and on nodes that run its tasks, and nowhere else",
  applies: (outputs) => serviceOf(outputs, OVER_TEST) !== undefined,
  async run(cluster) {
    await eventually(async () => {
      const tasks = await listTasks(cluster, [serviceOf(cluster.outputs, OVER_TEST)!]);
      const running = nodesOf(OVER_TEST, tasks, cluster.nodes);
      const format = ["--format", "{{.Name}}"];
      const has = await Promise.all(
        cluster.nodes.map(async (node) =>
          (await runWords(cluster, node, "docker", "network", "ls", ...format))
            .split("\n")
            .includes(OVER_TEST),
        ),
      );
      expectSame(
        "nodes with the network over-test",
        cluster.nodes.filter((_, i) => has[i]).map(({ name }) => name),
        cluster.nodes
          .filter((node) => node.role === "manager" || running.includes(node))
          .map(({ name }) => name),
      );
    });
  },
};

/** Overlay networks between containers. */
export const overlayChecks: Check[] = [reachEachOther, onlyWhereNeeded];

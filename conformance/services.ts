import type { Publish } from "../components/swarm/publish";
import { taskBounds } from "../components/service/plan";
import type { NodeOutput, ServiceOutput, StackOutputs } from "../stacks/outputs";
import { eventually, expectEach, expectNone, type Check } from "./check";
import { isRunning, listTasks, runWords, type Task } from "./docker";
import { askDns, get } from "./probes";

/** A published port of a service. */
interface Port extends Publish {
  service: string;
}

/** Published ports in one mode that can be asked something: all but UDP ports of no known protocol. */
export function publishedPorts(outputs: StackOutputs, mode: Publish["mode"]): Port[] {
  return outputs.services
    .filter(({ replicas }) => replicas !== 0)
    .flatMap(({ name, publish }) => publish.map((port) => ({ ...port, service: name })))
    .filter((port) => port.mode === mode && (port.protocol === "tcp" || speaksDns(port)));
}

function speaksDns({ service }: Port): boolean {
  return service === "dns-cache";
}

/**
 * Asks a port what its service answers: connecting alone proves nothing, since the engine itself
 * listens on published ports.
 */
export async function expectAnswer(host: string, port: Port): Promise<void> {
  const { service, published, protocol } = port;
  try {
    if (speaksDns(port)) return await askDns(host, published, protocol);
    const { status } = await get({ host, port: published, path: "/" });
    if (status >= 500) throw new Error(`HTTP status ${status}`);
  } catch (error) {
    const where = `${host}:${published}/${protocol}`;
    throw new Error(`${where} (${service}): ${(error as Error).message}`, { cause: error });
  }
}

/** What is wrong with the number of running tasks of a service; undefined if nothing is. */
export function missingTasks(service: ServiceOutput, tasks: Task[]): string | undefined {
  const due = tasks.filter((task) => task.service === service.name);
  const running = due.filter(isRunning).length;
  // The swarm has a task for each node that a global service is placed on.
  const everywhere = Math.max(due.length, 1);
  const { min, max } = taskBounds(service) ?? { min: everywhere, max: everywhere };
  if (running >= min && running <= max) return undefined;
  const wanted = min === max ? min : `${min} to ${max}`;
  const others = due
    .filter((task) => !isRunning(task))
    .map(({ name, node, state, error }) =>
      `${name} on ${node || "no node"}: ${state} ${error}`.trim(),
    );
  return [`${service.name}: ${running} of ${wanted} tasks run`, ...others].join("; ");
}

const allReplicas: Check = {
  name: "every service runs as many tasks as it should",
  applies: ({ services }) => services.length > 0,
  async run(cluster) {
    const { services } = cluster.outputs;
    await eventually(async () => {
      const tasks = await listTasks(cluster, services);
      expectNone(services.flatMap((service) => missingTasks(service, tasks) ?? []));
    });
    const standIns = await Promise.all(
      cluster.nodes.map((node) =>
        // A container has its image's labels.
        runWords(
          ...([cluster, node] as const),
          "docker",
          "ps",
          "--filter",
          "label=swarm.stand-in",
          "--format",
          '{{.Label "com.docker.swarm.service.name"}}',
        ),
      ),
    );
    const names = new Set(standIns.flatMap((text) => text.split("\n")).filter((name) => name));
    return names.size === 0 ? undefined : `stand-ins: ${[...names].sort().join(", ")}`;
  },
};

const meshAnswers: Check = {
  name: "every port published through the mesh answers on every node",
  applies: (outputs) => publishedPorts(outputs, "ingress").length > 0,
  async run(cluster) {
    const ports = publishedPorts(cluster.outputs, "ingress");
    const pairs = cluster.nodes.flatMap((node) => ports.map((port) => ({ node, port })));
    await expectEach(pairs, ({ node, port }) =>
      eventually(() => expectAnswer(node.ingressAddress, port)),
    );
  },
};

const hostAnswers: Check = {
  name: "every port published in host mode answers on the nodes that run its service",
  applies: (outputs) => publishedPorts(outputs, "host").length > 0,
  async run(cluster) {
    const { outputs } = cluster;
    const ports = publishedPorts(outputs, "host");
    const names = new Set(ports.map(({ service }) => service));
    await eventually(async () => {
      const tasks = await listTasks(
        cluster,
        outputs.services.filter(({ name }) => names.has(name)),
      );
      const pairs = ports.flatMap((port) =>
        nodesOf(port.service, tasks, cluster.nodes).map((node) => ({ node, port })),
      );
      expectNone(
        [...names]
          .filter((name) => !pairs.some(({ port }) => port.service === name))
          .map((name) => `${name}: runs on no node`),
      );
      await expectEach(pairs, ({ node, port }) => expectAnswer(node.ingressAddress, port));
    });
  },
};

/** The nodes that run a task of a service. */
export function nodesOf(service: string, tasks: Task[], nodes: NodeOutput[]): NodeOutput[] {
  const running = tasks.filter((task) => task.service === service && isRunning(task));
  return nodes.filter(({ name }) => running.some(({ node }) => node === name));
}

/** What every service has in common: it runs, and it answers where it is published. */
export const serviceChecks: Check[] = [allReplicas, meshAnswers, hostAnswers];

/**
 * `npm run demo`: the `dev` stack on a throw-away hypervisor, from nothing to a checked swarm. Runs
 * inside `lab/enter`, so that whatever happens to it, nothing of it stays behind.
 *
 * It stays up until Ctrl-C; with `--once` it ends after the checks. With `--autoscale` it loads an
 * autoscaled `web` for two minutes, and shows how its number of replicas follows; where machines are
 * emulated, the swarm is then a small one.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import type { ListrTaskWrapper } from "listr2" with { "resolution-mode": "import" };
import { Cluster } from "../conformance/cluster";
import { report, runChecks, type CheckResult } from "../conformance";
import { devStack, SMALL } from "./devStack";
import { chooseEngine, whyNoPulumi, type Engine } from "./engine";
import { startHypervisor, type Hypervisor } from "./hypervisor";
import { surgeReport } from "./load/report";
import { LOADS, scaledWeb, surge, surgeProblems, type Surge } from "./load/surge";
import type { NodeOutput, StackOutputs } from "../stacks/outputs";
import { startRegistry, type Registry } from "./registry";
import type { ResourceEvent } from "./rehearsal/creator";

/** What the steps hand on to each other. */
interface Demo {
  hypervisor: Hypervisor;
  registry: Registry;
  engine: Engine;
  outputs: StackOutputs;
  cluster: Cluster;
  results: CheckResult[];
  /** With `--autoscale`. */
  surge?: Surge;
}

/** What the command line asks for. */
interface Wishes {
  once: boolean;
  autoscale: boolean;
}

/** The load lasts two minutes, or until all replicas run: on emulated nodes that may take longer. */
const LASTS = { seconds: 120, untilMaxSeconds: 240 };

/** Milliseconds, 24 days: what a timer can be set to. https://nodejs.org/api/timers.html */
const LONGEST_TIMER = 2 ** 31 - 1;

type Task = ListrTaskWrapper<Demo, never, never>;

async function main(): Promise<void> {
  const flag = { type: "boolean", default: false } as const;
  const { values } = parseArgs({ options: { once: flag, autoscale: flag } });
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort(new Error("stopped by Ctrl-C")));

  const demo = await bringUp(values, stop.signal);
  await show(demo);
  const problems = demo.surge ? surgeProblems(demo.surge) : [];
  const failed = demo.results.some(({ failure }) => failure !== undefined);
  if (failed || problems.length > 0) process.exitCode = 1;
  if (!values.once && !stop.signal.aborted) {
    console.log("\nUp until Ctrl-C.");
    // The signal alone would not keep this process from ending: nothing else is left to do in it.
    await sleep(LONGEST_TIMER, undefined, { signal: stop.signal }).catch(() => undefined);
  }
  console.log("\nTaking it down: the machines, networks and processes end with the lab.");
}

async function bringUp(wishes: Wishes, signal: AbortSignal): Promise<Demo> {
  const { Listr, PRESET_TIMER } = await import("listr2");
  const steps = new Listr<Demo>(
    [
      {
        title: "Start a throw-away hypervisor",
        task: async (demo, task) => {
          demo.hypervisor = await startHypervisor();
          task.title += ` (${demo.hypervisor.domainType === "kvm" ? "KVM" : "emulated: KVM does not work here"})`;
        },
      },
      {
        title: "Start a registry mirror",
        task: async (demo) => {
          demo.registry = await startRegistry();
        },
      },
      {
        title: "Bring up the swarm",
        task: (demo, task) => swarmUp(demo, task as Task, wishes, signal),
      },
      {
        title: "Check what its users rely on",
        task: async (demo, task) => {
          demo.cluster = new Cluster(demo.outputs);
          demo.results = await runChecks(demo.cluster);
          const holding = demo.results.filter(({ failure }) => failure === undefined).length;
          task.title += ` (${holding} of ${demo.results.length} hold)`;
        },
      },
      {
        title: "Load web, and wait until it is back at its fewest replicas",
        enabled: wishes.autoscale,
        task: (demo, task) => loadWeb(demo, task as Task, signal),
      },
    ],
    {
      rendererOptions: { timer: PRESET_TIMER, collapseSubtasks: false },
      fallbackRendererOptions: { timer: PRESET_TIMER },
      registerSignalListeners: false,
    },
  );
  return steps.run();
}

async function swarmUp(
  demo: Demo,
  task: Task,
  { autoscale }: Wishes,
  signal: AbortSignal,
): Promise<void> {
  demo.engine = chooseEngine();
  const { hypervisor, registry } = demo;
  const { domainType } = hypervisor;
  const scaled = autoscale
    ? { ...scaledWeb(domainType), ...(domainType === "qemu" ? SMALL : {}) }
    : {};
  const { options, plan } = devStack(hypervisor, registry, scaled);
  task.title = `Bring up ${plan.managers.length} managers and ${plan.workers.length} workers (engine: ${demo.engine.name})`;

  const running = new Set<string>();
  let done = 0;
  const onResource = ({ type, name, phase }: ResourceEvent) => {
    if (phase === "start") running.add(name);
    if (phase !== "start" && running.delete(name)) done += 1;
    // Machines and steps on nodes take their time; the rest is a matter of moments.
    if (/Command|Domain/.test(type)) task.output = `${done} done, working on ${list(running)}`;
  };
  demo.outputs = await demo.engine.up({ ...options, onResource, signal });
}

async function loadWeb(demo: Demo, task: Task, signal: AbortSignal): Promise<void> {
  demo.surge = await surge(demo.outputs, {
    load: { ...LOADS[demo.hypervisor.domainType], ...LASTS },
    signal,
    onSecond: ({ wanted, running }, answers) => {
      task.output = `${running} of ${wanted} replicas run; ${answers.requests} requests, ${answers.failed.length} failed`;
    },
  });
}

function list(names: Set<string>): string {
  return [...names].slice(0, 4).join(", ") + (names.size > 4 ? `, and ${names.size - 4} more` : "");
}

async function show({ engine, outputs, cluster, results, surge }: Demo): Promise<void> {
  for (const manager of cluster.managers) await print(cluster, manager, "docker node ls");
  await print(cluster, cluster.managers[0]!, "docker service ls");
  await cluster.close();
  console.log(`\n${report(results)}\n`);
  if (surge) console.log(`web, replicas that run:\n${surgeReport(surge)}\n`);
  console.log(addressTable(outputs));
  console.log(
    `\nIn another terminal: lab/enter --attach ${outputs.ssh[cluster.managers[0]!.name]}`,
  );
  if (engine.name === "rehearsal") {
    console.log(`Pulumi's own engine was not used: ${whyNoPulumi() ?? "LAB_ENGINE=rehearsal"}`);
  }
}

/** What a node answers to a command, under the command itself. */
async function print(cluster: Cluster, node: NodeOutput, command: string): Promise<void> {
  console.log(`\n${node.name}$ ${command}\n${await cluster.run(node, command)}`);
}

/** Each node's addresses, and what answers there over HTTP. */
function addressTable({ nodes, services }: StackOutputs): string {
  const pages = services.flatMap(({ name, publish }) =>
    publish
      .filter(({ protocol, mode }) => protocol === "tcp" && mode === "ingress")
      .map(({ published }) => ({ name, port: published })),
  );
  const url = (address: string, port: number) =>
    `http://${address}${port === 80 ? "" : `:${port}`}/`;
  const rows = [
    ["NODE", "SWARM ADDRESS", ...pages.map(({ name }) => name.toUpperCase())],
    ...nodes.map(({ name, ingressAddress, advertiseAddress }) => [
      name,
      advertiseAddress,
      ...pages.map(({ port }) => url(ingressAddress, port)),
    ]),
  ];
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  return rows.map((row) => row.map((cell, i) => cell.padEnd(widths[i]!)).join("  ")).join("\n");
}

main().catch((error: Error) => {
  console.error(`\n${error.message}`);
  process.exitCode = 1;
});

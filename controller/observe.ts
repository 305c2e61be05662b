/* From a service's labels to its metrics and what they are now. */
import type { AutoscaleSettings } from "./autoscale";
import type { Metric, Reading } from "./decide";
import { cpuQuery, memoryQuery, requestsQuery, type Sample } from "./prometheus";
import type { SwarmService } from "./swarm";

/** Answers a PromQL expression, or throws. */
export type Query = (promql: string) => Promise<Sample[]>;

/** What is wrong with a service that is to be autoscaled, beside its labels. */
export function specProblems(service: SwarmService, settings: AutoscaleSettings): string[] {
  const problems: string[] = [];
  if (service.replicas === undefined) {
    problems.push("it is not replicated; only replicated services can be autoscaled");
  }
  if (settings.cpuPercent !== undefined && service.cpus === undefined) {
    problems.push("it has a cpu target, and neither a CPU reservation nor a limit; give it one");
  }
  if (settings.memoryPercent !== undefined && service.memoryBytes === undefined) {
    problems.push(
      "it has a memory target, and neither a memory reservation nor a limit; give it one",
    );
  }
  return problems;
}

/**
 * Every metric that a service has a target for, with what it is now.
 *
 * @param tasks IDs of the service's running tasks
 */
export async function readMetrics(
  service: SwarmService,
  settings: AutoscaleSettings,
  tasks: string[],
  query: Query,
): Promise<Metric[]> {
  const { name, cpus, memoryBytes } = service;
  /** @param unit what one unit of the metric is, such as a percent of the reserved cores */
  const ofTasks = async (promql: string, unit: number | undefined): Promise<Reading> =>
    unit === undefined
      ? { kind: "missing", why: "the service has neither a reservation nor a limit" }
      : byTask(await query(promql), tasks, unit);

  const all: (Omit<Metric, "target" | "reading"> & {
    target: number | undefined;
    read: () => Promise<Reading>;
  })[] = [
    {
      name: "cpu",
      unit: " %",
      target: settings.cpuPercent,
      read: () => ofTasks(cpuQuery(name), cpus && cpus / 100),
    },
    {
      name: "memory",
      unit: " %",
      target: settings.memoryPercent,
      read: () => ofTasks(memoryQuery(name), memoryBytes && memoryBytes / 100),
    },
    {
      name: "requests",
      unit: "/s",
      target: settings.requestsPerSecond,
      read: () => ofTasks(requestsQuery(name, settings.requestsMetric), 1),
    },
    {
      name: "query",
      unit: "",
      target: settings.queryTarget,
      read: async () => total(await query(settings.query!)),
    },
  ];
  const metrics = all.map(async ({ target, read, ...metric }): Promise<Metric[]> => {
    if (target === undefined) return [];
    const missing = ({ message }: Error): Reading => ({ kind: "missing", why: message });
    return [{ ...metric, target, reading: await read().catch(missing) }];
  });
  return (await Promise.all(metrics)).flat();
}

/** Only the tasks that run count: Prometheus remembers those that are gone for some minutes. */
function byTask(samples: Sample[], tasks: string[], unit: number): Reading {
  const byId = new Map(samples.map(({ labels, value }) => [labels["task"], value]));
  const values = tasks.flatMap((id) => {
    const value = byId.get(id);
    return value === undefined ? [] : [value / unit];
  });
  return { kind: "tasks", values, silent: tasks.length - values.length };
}

function total(samples: Sample[]): Reading {
  if (samples.length === 1) return { kind: "total", value: samples[0]!.value };
  const why =
    samples.length === 0
      ? "the query has no result"
      : `the query has ${samples.length} results; write one that has one, for example with sum()`;
  return { kind: "missing", why };
}

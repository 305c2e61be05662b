/* One look at the swarm after the other: who leads decides, and acts. */
import { parseAutoscale, type AutoscaleSettings } from "./autoscale";
import { decide, type Decision, type Memory, type Metric } from "./decide";
import type { Log } from "./log";
import type { Metrics } from "./metrics";
import { readMetrics, specProblems, type Query } from "./observe";
import { Unreachable, type Sample } from "./prometheus";
import { OutOfSequence, type Swarm, type SwarmService } from "./swarm";

export interface LoopArgs {
  swarm: Pick<Swarm, "leads" | "nodes" | "services" | "runningTasks" | "scale">;
  /** Asks Prometheus. */
  query: Query;
  metrics: Metrics;
  log: Log;
  /** Of a clock that nobody sets; it need not be the time of day. */
  nowSeconds: () => number;
  /** False: it only reports the swarm's state. */
  autoscale: boolean;
  /** It decides and says so, and changes nothing. */
  dryRun: boolean;
}

/** What became of one service in one tick. */
interface Report {
  service: SwarmService;
  problems: string[];
  settings?: AutoscaleSettings;
  metrics: Metric[];
  decision?: Decision;
}

export class Loop {
  /** By the ID of the service. */
  private memories = new Map<string, Memory>();

  constructor(private readonly args: LoopArgs) {
    args.log.assume("api", "up");
    args.log.assume("prometheus", "up");
    args.log.assume("leader", "no");
  }

  /** Looks once. Never throws: what goes wrong is counted and said, and the next tick tries again. */
  async tick(): Promise<void> {
    const { metrics, log } = this.args;
    try {
      await this.look();
      log.state("api", "up", "The Docker API answers again");
    } catch (error) {
      // Whoever could not look does not know what others did meanwhile, and starts afresh.
      this.memories.clear();
      metrics.leads(false);
      metrics.failed("api");
      log.state("api", "down", `The Docker API does not answer: ${(error as Error).message}`);
    }
    metrics.ticked();
  }

  private async look(): Promise<void> {
    const { swarm, metrics, log, autoscale } = this.args;
    if (!(await swarm.leads())) {
      this.memories.clear();
      metrics.leads(false);
      log.state("leader", "no", "This node is not the leader any more: another copy acts");
      return;
    }
    metrics.leads(true);
    log.state("leader", "yes", "This node is the leader: this copy acts");

    const [nodes, services] = await Promise.all([swarm.nodes(), swarm.services()]);
    const reports = autoscale ? await this.autoscale(services) : [];

    metrics.startOver();
    metrics.swarm(nodes, services);
    for (const { service, problems, settings, metrics: seen, decision } of reports) {
      metrics.problems(service.name, problems.length);
      if (settings && decision) {
        metrics.decided(service.name, settings, service.replicas!, seen, decision);
      }
    }
  }

  private async autoscale(services: SwarmService[]): Promise<Report[]> {
    const { swarm } = this.args;
    const labelled = services.flatMap((service) => {
      const parsed = parseAutoscale(service.labels);
      return parsed ? [{ service, parsed }] : [];
    });
    const ids = labelled.map(({ service }) => service.id);
    this.memories = new Map([...this.memories].filter(([id]) => ids.includes(id)));
    const running = await swarm.runningTasks(ids);
    const prometheus = new Health();

    const reports = await Promise.all(
      labelled.map(async ({ service, parsed }): Promise<Report> => {
        const { settings } = parsed;
        const problems = settings ? specProblems(service, settings) : parsed.problems;
        this.complain(service, problems);
        if (!settings || service.replicas === undefined) return { service, problems, metrics: [] };
        const tasks = running.get(service.id)!;
        const query: Query = (promql) => prometheus.watch(this.args.query(promql));
        const metrics = await readMetrics(service, settings, tasks, query);
        const decision = await this.decideAndAct(service, settings, metrics);
        return { service, problems, settings, metrics, decision };
      }),
    );
    this.judge(prometheus);
    return reports;
  }

  private async decideAndAct(
    service: SwarmService,
    settings: AutoscaleSettings,
    metrics: Metric[],
  ): Promise<Decision> {
    const { id, name, replicas: current = 0 } = service;
    const nowSeconds = this.args.nowSeconds();
    const seen = { nowSeconds, current, metrics };
    const decision = decide(settings, seen, this.memories.get(id));
    const { outcome, desired, reason } = decision;
    const { log, swarm, dryRun } = this.args;
    this.memories.set(id, decision.memory);

    if (desired === current) {
      log.update(name, outcome, `${name} stays at ${current} (${outcome}): ${reason}`);
      return decision;
    }
    const change = `from ${current} to ${desired}`;
    if (dryRun || settings.dryRun) {
      log.update(name, `dry run ${change}`, `${name} would go ${change} (dry run): ${reason}`);
      return decision;
    }
    if (service.update) {
      // A change would start an update again that is under way, or that stopped at a task that failed:
      // https://docs.docker.com/engine/swarm/swarm-tutorial/rolling-update/
      const waits = `waits for the end of its update (${service.update}) to go ${change}`;
      log.update(name, waits, `${name} ${waits}: ${reason}`);
      return { ...decision, outcome: "held" };
    }
    try {
      await swarm.scale(service, desired);
      this.memories.set(id, { ...decision.memory, changedSeconds: nowSeconds });
      log.update(name, `${outcome} ${change} ${nowSeconds}`, `${name} goes ${change}: ${reason}`);
      return decision;
    } catch (error) {
      this.failed(service, change, error as Error);
      return { ...decision, outcome: "held" };
    }
  }

  private failed({ name }: SwarmService, change: string, error: Error): void {
    const { metrics, log } = this.args;
    if (error instanceof OutOfSequence) {
      metrics.failed("conflict");
      log.say(`${name} was not changed ${change}: somebody else changed it; looks again`);
    } else {
      metrics.failed("scale");
      log.say(`${name} could not be changed ${change}: ${error.message}`);
    }
  }

  /** Mistakes that its owner has to put right, once, and again when they are others. */
  private complain({ name }: SwarmService, problems: string[]): void {
    const { log } = this.args;
    const subject = `problems of ${name}`;
    const all = problems.join("; ");
    if (problems.length > 0) log.update(subject, all, `${name} has problems: ${all}`);
    else log.assume(subject, "");
  }

  private judge({ asked, failures }: Health): void {
    const { metrics, log } = this.args;
    for (const failure of failures) {
      metrics.failed(failure instanceof Unreachable ? "prometheus" : "query");
    }
    const down = failures.find((failure) => failure instanceof Unreachable);
    if (down) log.state("prometheus", "down", `Prometheus does not answer: ${down.message}`);
    else if (asked > 0) log.state("prometheus", "up", "Prometheus answers again");
  }
}

/** How Prometheus did in one tick. */
class Health {
  asked = 0;
  readonly failures: Error[] = [];

  async watch(answer: Promise<Sample[]>): Promise<Sample[]> {
    this.asked++;
    try {
      return await answer;
    } catch (error) {
      this.failures.push(error as Error);
      // The same words for each service; the log has the cause once.
      const words = "Prometheus does not answer";
      throw error instanceof Unreachable ? new Error(words, { cause: error }) : error;
    }
  }
}

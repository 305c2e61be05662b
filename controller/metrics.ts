/* What the controller tells Prometheus. `docs/autoscaling.md` has the list. */
import { Counter, Gauge, Registry } from "prom-client";
import type { AutoscaleSettings } from "./autoscale";
import type { Decision, Metric } from "./decide";
import type { SwarmNode, SwarmService } from "./swarm";

export class Metrics {
  readonly registry = new Registry();

  private readonly leader = this.gauge("controller_leader", "1 on the copy that acts");
  private readonly lastTick = this.gauge(
    "controller_last_tick_timestamp_seconds",
    "When this copy last looked, whether or not it was answered",
  );
  private readonly errors = this.counter("controller_errors_total", "What went wrong", ["what"]);

  /** Of the acting copy only. */
  private readonly acting = {
    nodeUp: this.gauge("swarm_node_up", "1 if the managers hear from it", ["node", "role"]),
    nodeActive: this.gauge("swarm_node_active", "1 if it takes tasks", ["node", "role"]),
    reachable: this.gauge("swarm_manager_reachable", "1 if the other managers reach it", ["node"]),
    wanted: this.gauge("swarm_service_tasks_wanted", "Tasks that should run", ["service"]),
    running: this.gauge("swarm_service_tasks_running", "Tasks that run", ["service"]),
    replicas: this.gauge("autoscale_replicas", "Replicas it is told to have", ["service"]),
    desired: this.gauge("autoscale_desired_replicas", "Replicas it should have", ["service"]),
    min: this.gauge("autoscale_min_replicas", "Fewest replicas", ["service"]),
    max: this.gauge("autoscale_max_replicas", "Most replicas", ["service"]),
    value: this.gauge("autoscale_metric_value", "Average of a replica", ["service", "metric"]),
    target: this.gauge("autoscale_metric_target", "Target of a replica", ["service", "metric"]),
    problems: this.gauge("autoscale_problems", "Mistakes in its labels and spec", ["service"]),
  };
  private readonly decisions = this.counter("autoscale_decisions_total", "Decisions", [
    "service",
    "outcome",
  ]);

  /** In the time of day, which is what Prometheus compares it with. */
  ticked(): void {
    this.lastTick.setToCurrentTime();
  }

  failed(what: string): void {
    this.errors.inc({ what });
  }

  leads(leader: boolean): void {
    this.leader.set(leader ? 1 : 0);
    if (leader) return;
    this.startOver();
    this.decisions.reset();
  }

  /** Comes before what a tick has seen: what is gone is not reported any more. */
  startOver(): void {
    for (const gauge of Object.values(this.acting)) gauge.reset();
  }

  swarm(nodes: SwarmNode[], services: SwarmService[]): void {
    for (const { name: node, role, ready, active, reachable } of nodes) {
      this.acting.nodeUp.set({ node, role }, Number(ready));
      this.acting.nodeActive.set({ node, role }, Number(active));
      if (reachable !== undefined) this.acting.reachable.set({ node }, Number(reachable));
    }
    for (const { name: service, tasksWanted, tasksRunning } of services) {
      this.acting.wanted.set({ service }, tasksWanted);
      this.acting.running.set({ service }, tasksRunning);
    }
  }

  problems(service: string, count: number): void {
    this.acting.problems.set({ service }, count);
  }

  decided(
    service: string,
    { min, max }: AutoscaleSettings,
    current: number,
    metrics: Metric[],
    { desired, outcome, values }: Decision,
  ): void {
    this.acting.replicas.set({ service }, current);
    this.acting.desired.set({ service }, desired);
    this.acting.min.set({ service }, min);
    this.acting.max.set({ service }, max);
    for (const { name: metric, target } of metrics) {
      this.acting.target.set({ service, metric }, target);
    }
    for (const { name: metric, value } of values) {
      this.acting.value.set({ service, metric }, value);
    }
    this.decisions.inc({ service, outcome });
  }

  private gauge<Label extends string>(name: string, help: string, labelNames: Label[] = []) {
    return new Gauge({ name, help, labelNames, registers: [this.registry] });
  }

  private counter<Label extends string>(name: string, help: string, labelNames: Label[]) {
    return new Counter({ name, help, labelNames, registers: [this.registry] });
  }
}

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { EngineEvent, Stack } from "@pulumi/pulumi/automation";
import { Cluster } from "../../conformance/cluster";
import { runChecks } from "../../conformance";
import { eventually } from "../../conformance/check";
import { nodeChecks } from "../../conformance/nodes";
import { devStack } from "../../lab/devStack";
import type { EngineOptions } from "../../lab/engine";
import { startHypervisor, type Hypervisor } from "../../lab/hypervisor";
import type { StackOutputs } from "../../stacks/outputs";
import { startRegistry, type Registry } from "../../lab/registry";

export const run = promisify(execFile);

/** A lab for one suite: hypervisor, registry and what the suite brought up. */
export class Lab {
  private constructor(
    readonly hypervisor: Hypervisor,
    readonly registry: Registry,
  ) {}

  static async start(): Promise<Lab> {
    const [hypervisor, registry] = await Promise.all([startHypervisor(), startRegistry()]);
    return new Lab(hypervisor, registry);
  }

  /** The `dev` stack, with some of its config changed, or another one with the same config. */
  stack(overrides: Record<string, string> = {}, name?: string): EngineOptions {
    return devStack(this.hypervisor, this.registry, overrides, name).options;
  }

  /**
   * Runs a virsh command on the machine of a node, for example `destroy`: its power is cut. Returns what
   * it prints.
   */
  async virsh(command: string, node: string): Promise<string> {
    const words = ["--connect", this.hypervisor.uri, command, `dev-${node}`];
    return (await run("virsh", words)).stdout;
  }

  async stop(): Promise<void> {
    await this.registry.stop();
    await this.hypervisor.stop();
  }
}

/** Runs `look` on the cluster that the outputs describe, and closes its connections. */
export async function withCluster<T>(
  outputs: StackOutputs,
  look: (cluster: Cluster) => Promise<T>,
): Promise<T> {
  const cluster = new Cluster(outputs);
  try {
    return await look(cluster);
  } finally {
    await cluster.close();
  }
}

/** Seconds until a condition holds; five minutes at most. An error counts as not yet. */
export async function secondsUntil(condition: () => Promise<boolean>): Promise<number> {
  const started = performance.now();
  await eventually(async () => {
    if (!(await condition())) throw new Error("not within five minutes");
  }, 300);
  return secondsSince(started);
}

/**
 * Waits until all members are well, for ten minutes at most; rejects with what was not. A manager
 * that is back asks for votes until it hears of the leader, which can cost the others theirs once
 * more: all is well when it has been so for 20 seconds.
 */
export async function untilMembersAreWell(outputs: StackOutputs): Promise<void> {
  let wellSince = Infinity;
  await eventually(async () => {
    const started = performance.now();
    try {
      await withCluster(outputs, (cluster) =>
        Promise.all(nodeChecks.map(({ run }) => run(cluster))),
      );
    } catch (error) {
      wellSince = Infinity;
      throw error;
    }
    wellSince = Math.min(wellSince, started);
    const seconds = secondsSince(wellSince);
    if (seconds < 20) throw new Error(`all members are well, but only for ${seconds} s`);
  }, 600);
}

/** Whole seconds since a moment of `performance.now()`. */
export function secondsSince(started: number): number {
  return Math.round((performance.now() - started) / 1000);
}

/** What does not hold of what users rely on, as the report has it. */
export async function failures(outputs: StackOutputs): Promise<string[]> {
  const results = await withCluster(outputs, runChecks);
  expect(results.length).toBeGreaterThan(10);
  return results.flatMap(({ name, failure }) =>
    failure === undefined ? [] : [`${name}: ${failure}`],
  );
}

/** Collects the names of the resources that an operation does something to, by what it does. */
export class Steps {
  private readonly names = new Map<string, Set<string>>();

  readonly onEvent = ({ resourcePreEvent }: EngineEvent): void => {
    if (!resourcePreEvent) return;
    const { op, urn } = resourcePreEvent.metadata;
    const names = this.names.get(op) ?? new Set();
    this.names.set(op, names.add(urn.slice(urn.lastIndexOf("::") + 2)));
  };

  /** Sorted names, for example of what was replaced. */
  of(op: string): string[] {
    return [...(this.names.get(op) ?? [])].sort();
  }
}

/** The key of the API's authority, which only the state has. */
export async function authorityKey(stack: Stack): Promise<string> {
  const { deployment } = await stack.exportStack();
  const resources: { urn: string; outputs: Record<string, { plaintext?: string }> }[] =
    deployment.resources;
  const key = resources.find(({ urn }) => urn.endsWith("::api-ca-key"));
  return JSON.parse(key!.outputs.privateKeyPem!.plaintext!) as string;
}

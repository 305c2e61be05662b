import { Cluster } from "../../lab/cluster";
import { devStack } from "../../lab/devStack";
import type { EngineOptions } from "../../lab/engine";
import { startHypervisor, type Hypervisor } from "../../lab/hypervisor";
import type { StackOutputs } from "../../lab/outputs";
import { startRegistry, type Registry } from "../../lab/registry";

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

  /** The `dev` stack, with some of its config changed. */
  stack(overrides: Record<string, string> = {}): EngineOptions {
    return devStack(this.hypervisor, this.registry, overrides).options;
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

import https from "node:https";
import Docker from "dockerode";
import type { StackOutputs } from "../../stacks/outputs";
import { pause } from "./requests";

/** How many replicas a service has at a moment. */
export interface Replicas {
  /** How many it should have. */
  wanted: number;
  running: number;
}

export interface Sample extends Replicas {
  /** Since the first one. */
  seconds: number;
}

/** Milliseconds that a manager has for its answer. */
const ANSWER = 5000;

/** Looks at a service by the TLS API of whichever manager answers. */
export function replicasByApi(outputs: StackOutputs, service: string): () => Promise<Replicas> {
  const managers = outputs.apiHosts.map((api) => {
    const { hostname, port } = new URL(api);
    const { ca, cert, key } = outputs;
    // One connection stays open: a handshake a second is work for an emulated manager.
    const agent = new https.Agent({ keepAlive: true });
    const options = { host: hostname, port, ca, cert, key, agent, timeout: ANSWER };
    return new Docker({ ...options, protocol: "https" });
  });
  return async () => {
    const errors: string[] = [];
    for (const manager of managers) {
      try {
        return await replicasOf(manager, service);
      } catch (error) {
        errors.push((error as Error).message);
      }
    }
    throw new Error(`no manager tells how many replicas ${service} has: ${errors.join("; ")}`);
  };
}

/** What one manager says. */
export async function replicasOf(manager: Docker, service: string): Promise<Replicas> {
  const services = await manager.listServices({ status: true, filters: { name: [service] } });
  // The filter takes every name that begins like this.
  const found = services.find(({ Spec }) => Spec?.Name === service) as
    { ServiceStatus?: { RunningTasks: number; DesiredTasks: number } } | undefined;
  if (!found?.ServiceStatus) throw new Error(`there is no service ${service}`);
  const { RunningTasks, DesiredTasks } = found.ServiceStatus;
  return { wanted: DesiredTasks, running: RunningTasks };
}

/**
 * Looks once a second until the signal, and adds what it saw to the samples. A look that fails, for
 * example while the managers choose a leader, leaves a gap.
 */
export async function sampleReplicas(
  look: () => Promise<Replicas>,
  samples: Sample[],
  signal: AbortSignal,
): Promise<void> {
  const began = performance.now();
  while (!signal.aborted) {
    const started = performance.now();
    const seen = await look().catch(() => undefined);
    const seconds = Math.round((started - began) / 1000);
    if (seen && !signal.aborted) samples.push({ seconds, ...seen });
    await pause(1000 - (performance.now() - started), signal);
  }
}

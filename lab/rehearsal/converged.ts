/** The wait until a service runs, as the docker provider has it. */
import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import type { ServiceInputs } from "../../components/service/serviceSpec";

/** Seconds between two looks at the tasks. */
const POLL_SECONDS = 1;

/** What is read of a task; dockerode has no type for it. */
interface SwarmTask {
  Slot?: number;
  NodeID?: string;
  DesiredState: string;
  UpdatedAt: string;
  Status: { State: string; Message?: string; Err?: string };
}

/**
 * Waits until the wanted number of tasks run on nodes that are not down. Unlike the provider, it
 * leaves a service that does not get there in place, to be looked at.
 *
 * @throws Error with what the tasks last said, after `convergeConfig.timeout`
 */
export async function converged(
  docker: Docker,
  id: string,
  { mode, convergeConfig }: ServiceInputs,
  signal: AbortSignal,
): Promise<void> {
  if (!convergeConfig || !("replicated" in mode)) {
    return;
  }
  const wanted = mode.replicated.replicas;
  const milliseconds = convergeConfig.timeout / 1e6;
  const deadline = Date.now() + milliseconds;
  await sleep(convergeConfig.delay / 1e6, undefined, { signal });
  for (;;) {
    const tasks: SwarmTask[] = await docker.listTasks({ filters: { service: [id] } });
    const nodes: { ID: string; Status: { State: string } }[] = await docker.listNodes();
    const down = nodes.filter(({ Status }) => Status.State === "down").map(({ ID }) => ID);
    const running = tasks.filter(
      ({ DesiredState, Status, NodeID }) =>
        DesiredState === "running" && Status.State === "running" && !down.includes(NodeID ?? ""),
    );
    const slots = new Set(running.map(({ Slot }) => Slot)).size;
    if (slots === wanted) {
      return;
    }
    if (Date.now() >= deadline) {
      throw new Error(
        `${slots} of ${wanted} tasks run after ${milliseconds / 1000} s. ` +
          `What the others last said: ${lastWords(tasks)}`,
      );
    }
    const pause = Math.min(POLL_SECONDS * 1000, deadline - Date.now());
    await sleep(pause, undefined, { signal });
  }
}

/** What the tasks that do not run said, the newest first, every sentence once, at most five. */
function lastWords(tasks: SwarmTask[]): string {
  const words = tasks
    .filter(({ Status }) => Status.State !== "running")
    .sort((one, other) => other.UpdatedAt.localeCompare(one.UpdatedAt))
    .map(({ Status }) => `${Status.State}: ${Status.Err ?? Status.Message ?? "(nothing)"}`);
  return [...new Set(words)].slice(0, 5).join("; ") || "(there are no others)";
}

import { setMaxListeners } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { get } from "../../conformance/probes";

export interface LoadOptions {
  /** Where the requests go, one after the other and round again. */
  targets: { host: string; port: number }[];
  /** Requests a second, all clients together, where the answers come fast enough for that. */
  perSecond: number;
  /** Clients that ask at once. Each waits for its answer, so an overload does not pile up. */
  clients: number;
}

/** What became of the requests so far. */
export interface Answers {
  requests: number;
  failed: Failure[];
}

/** A request without an answer of status 200. */
export interface Failure {
  /** When it was sent: the nodes' journals tell what was going on. */
  at: Date;
  /** By which node. */
  host: string;
  /** What was seen instead. */
  problem: string;
}

/**
 * Sends requests until the signal, and waits for the last answers.
 *
 * Every request has a connection of its own, since the routing mesh balances connections and not
 * requests: on one that stays open, new replicas would get nothing to do. Load generators count
 * per connection that stays open (autocannon does not count the answer after which it connects anew),
 * so this is done by hand.
 */
export async function sendRequests(
  { targets, perSecond, clients }: LoadOptions,
  seen: Answers,
  signal: AbortSignal,
): Promise<void> {
  setMaxListeners(clients + 10, signal); // a client that waits listens to it
  const interval = (1000 * clients) / perSecond;
  let next = 0;
  const client = async (index: number) => {
    // Not all at the same moment.
    await pause((interval * index) / clients, signal);
    while (!signal.aborted) {
      const started = performance.now();
      await ask(targets[next++ % targets.length]!, seen);
      await pause(interval - (performance.now() - started), signal);
    }
  };
  await Promise.all(Array.from({ length: clients }, (_, index) => client(index)));
}

async function ask(target: LoadOptions["targets"][number], seen: Answers): Promise<void> {
  const at = new Date();
  const problem = await get({ ...target, path: "/" }).then(
    ({ status }) => (status === 200 ? undefined : `status ${status}`),
    (error: Error) => error.message,
  );
  seen.requests++;
  if (problem) seen.failed.push({ at, host: target.host, problem });
}

/** Sleeps for so many milliseconds, or until the signal. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  if (milliseconds <= 0) return;
  await sleep(milliseconds, undefined, { signal }).catch(() => undefined);
}

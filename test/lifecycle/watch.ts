import http from "node:http";
import https from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import type { StackOutputs } from "../../stacks/outputs";

/** How long a client waits for an answer before it turns to the next node, in milliseconds. */
const PATIENCE = 5000;

/** What a client of the published port, and a look at the managers every second, saw. */
export interface Seen {
  requests: number;
  /** Requests that the first node did not answer, and the next one did. */
  retried: number;
  /** Requests that neither of two nodes answered, with what they said. */
  failed: string[];
  /** Looks at the managers, and how many healthy ones the worst of them found. */
  looks: number;
  fewestManagers: number;
  /** Looks in a row at most that found no manager that could list the nodes. */
  withoutLeader: number;
}

/**
 * Sends requests to `web` through a list of all nodes, from the first to the last and round again,
 * and asks the managers for the list of nodes every second, while `work` is done.
 *
 * @param requestsPerSecond sent whether or not the ones before have been answered
 */
export async function watch(
  outputs: StackOutputs,
  work: () => Promise<unknown>,
  requestsPerSecond = 5,
): Promise<Seen> {
  const seen: Seen = {
    ...{ requests: 0, retried: 0, failed: [], looks: 0 },
    ...{ fewestManagers: outputs.apiHosts.length, withoutLeader: 0 },
  };
  let done = false;
  const until = () => done;
  const watching = Promise.all([
    client(outputs, seen, until, requestsPerSecond),
    managers(outputs, seen, until),
  ]);
  try {
    await work();
  } finally {
    done = true;
    await watching;
  }
  return seen;
}

async function client(
  outputs: StackOutputs,
  seen: Seen,
  done: () => boolean,
  requestsPerSecond: number,
): Promise<void> {
  const nodes = outputs.nodes.map(({ ingressAddress }) => `http://${ingressAddress}/`);
  const node = (i: number) => nodes[i % nodes.length]!;
  const request = async (i: number): Promise<void> => {
    seen.requests++;
    try {
      await get(node(i));
    } catch (first) {
      seen.retried++;
      await get(node(i + 1)).catch((second: Error) =>
        seen.failed.push(`${(first as Error).message}, then ${second.message}`),
      );
    }
  };
  const sent: Promise<void>[] = [];
  for (let i = 0; !done(); i++) {
    sent.push(request(i));
    await sleep(1000 / requestsPerSecond);
  }
  await Promise.all(sent);
}

async function managers(outputs: StackOutputs, seen: Seen, done: () => boolean): Promise<void> {
  const { ca, cert, key } = outputs;
  let without = 0;
  while (!done()) {
    const lists = await Promise.all(
      outputs.apiHosts.map((api) =>
        get(`${api.replace("tcp:", "https:")}/nodes`, { ca, cert, key }).catch(() => undefined),
      ),
    );
    const list = lists.find((one) => one !== undefined);
    seen.looks++;
    without = list === undefined ? without + 1 : 0;
    seen.withoutLeader = Math.max(seen.withoutLeader, without);
    if (list !== undefined) {
      seen.fewestManagers = Math.min(seen.fewestManagers, healthyManagers(list));
    }
    await sleep(1000);
  }
}

function healthyManagers(list: string): number {
  const nodes: { ManagerStatus?: { Reachability: string } }[] = JSON.parse(list);
  return nodes.filter(({ ManagerStatus }) => ManagerStatus?.Reachability === "reachable").length;
}

/** The body of an answer with status 200. Every request has a connection of its own. */
function get(url: string, tls: https.RequestOptions = {}): Promise<string> {
  const options = { agent: false, timeout: PATIENCE, ...tls };
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => reject(new Error(`${url}: ${error.message}`));
    const request = (url.startsWith("https:") ? https : http).get(url, options, (answer) => {
      let body = "";
      answer.on("data", (data) => (body += data));
      answer.on("error", fail);
      answer.on("end", () =>
        answer.statusCode === 200 ? resolve(body) : fail(new Error(`status ${answer.statusCode}`)),
      );
    });
    request.on("timeout", () => request.destroy(new Error("no answer")));
    request.on("error", fail);
  });
}

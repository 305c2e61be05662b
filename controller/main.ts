/*
 * The controller: one copy on every manager. That on the leader exports the swarm's state and gives
 * autoscaled services their replicas; the others wait. `docs/autoscaling.md` says how.
 */
import http from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import { readEnvironment } from "./environment";
import { Log } from "./log";
import { Loop } from "./loop";
import { Metrics } from "./metrics";
import { queryPrometheus } from "./prometheus";
import { Swarm } from "./swarm";

/** Bounds for one request. Managers answer slowly while they choose a leader. */
const DOCKER_TIMEOUT_MS = 10_000;
const PROMETHEUS_TIMEOUT_MS = 5_000;

/** A tick is a handful of requests, one after the other. Longer without one: something hangs. */
const HANGS_AFTER_SECONDS = 60;

/** For what is counted in seconds: the time of day can be set back, or forward, at any moment. */
const nowSeconds = () => performance.now() / 1000;

async function main(): Promise<void> {
  const environment = readEnvironment(process.env);
  const { INTERVAL_SECONDS, AUTOSCALE, DRY_RUN, LISTEN_PORT, DOCKER_SOCKET } = environment;
  const metrics = new Metrics();
  const access = {
    url: environment.PROMETHEUS_URL,
    user: environment.PROMETHEUS_USER,
    password: environment.password,
    timeoutMs: PROMETHEUS_TIMEOUT_MS,
  };
  const loop = new Loop({
    swarm: new Swarm(DOCKER_SOCKET, DOCKER_TIMEOUT_MS),
    query: (promql) => queryPrometheus(access, promql),
    log: new Log((line) => console.log(line), nowSeconds),
    autoscale: AUTOSCALE,
    dryRun: DRY_RUN,
    metrics,
    nowSeconds,
  });

  const stop = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => stop.abort());

  let ticked = nowSeconds();
  const alive = () => nowSeconds() - ticked < INTERVAL_SECONDS + HANGS_AFTER_SECONDS;
  const server = serve(metrics, alive, LISTEN_PORT);
  while (!stop.signal.aborted) {
    await loop.tick();
    ticked = nowSeconds();
    await wait(INTERVAL_SECONDS * 1000, undefined, stop).catch(() => {}); // woken to stop
  }
  server.close();
  server.closeAllConnections();
}

function serve(metrics: Metrics, alive: () => boolean, port: number): http.Server {
  const server = http.createServer(async ({ url }, response) => {
    if (url === "/metrics") {
      response.setHeader("content-type", metrics.registry.contentType);
      response.end(await metrics.registry.metrics());
    } else if (url === "/healthz") {
      response.statusCode = alive() ? 200 : 503;
      response.end(alive() ? "ok\n" : "the loop hangs\n");
    } else {
      response.statusCode = 404;
      response.end("/metrics and /healthz are here\n");
    }
  });
  return server.listen(port, () => {
    const address = server.address();
    const where = address && typeof address === "object" ? address.port : port;
    console.log(`Listens on port ${where}`);
  });
}

main().catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});

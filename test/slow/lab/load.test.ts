import { mkdtempSync, rmSync } from "node:fs";
import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import Docker from "dockerode";
import { replicasByApi, replicasOf, sampleReplicas, type Sample } from "../../../lab/load/replicas";
import { replicaChart, surgeReport } from "../../../lab/load/report";
import { sendRequests, type Answers, type Failure } from "../../../lab/load/requests";
import { surge, surgeProblems, times, webTargets, type Surge } from "../../../lab/load/surge";
import type { StackOutputs } from "../../../stacks/outputs";
import { dockerApi } from "../../fixtures/docker-api";

let server: Server | undefined;
afterEach(async () => {
  server?.close();
  server = undefined;
});

async function serve(listener: RequestListener): Promise<number> {
  server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** Samples a second apart. */
const seen = (...running: number[]): Sample[] =>
  running.map((count, seconds) => ({ seconds, wanted: count, running: count }));

describe("requests", () => {
  const send = async (ports: number[], perSecond: number, milliseconds: number) => {
    const answers: Answers = { requests: 0, failed: [] };
    const targets = ports.map((port) => ({ host: "127.0.0.1", port }));
    await sendRequests(
      { targets, perSecond, clients: 4 },
      answers,
      AbortSignal.timeout(milliseconds),
    );
    return answers;
  };

  test("come about as often as they should, each on a connection of its own", async () => {
    const port = await serve((_, response) => response.end("mg0"));
    let connections = 0;
    server!.on("connection", () => connections++);
    const { requests, failed } = await send([port], 40, 1000);
    expect(requests).toBeGreaterThan(20);
    expect(requests).toBeLessThanOrEqual(48);
    expect(failed).toEqual([]);
    expect(connections).toBe(requests);
  });

  test("that another status answers, or nobody, have failed", async () => {
    let asked = 0;
    const port = await serve((_, response) => {
      response.statusCode = asked++ % 2 ? 200 : 503;
      response.end();
    });
    const answers = await send([port, 1], 40, 500);
    const problems = new Set(answers.failed.map(({ host, problem }) => `${host}: ${problem}`));
    expect([...problems].sort()).toEqual([
      "127.0.0.1: connect ECONNREFUSED 127.0.0.1:1",
      "127.0.0.1: status 503",
    ]);
    const { length } = answers.failed;
    expect(length).toBeGreaterThan(answers.requests / 2);
    expect(length).toBeLessThan(answers.requests);
  });

  test("wait for each other where the answers are slow", async () => {
    let open = 0;
    let most = 0;
    const port = await serve(async (_, response) => {
      most = Math.max(most, ++open);
      await sleep(100);
      open--;
      response.end();
    });
    await send([port], 1000, 500);
    expect(most).toBe(4);
  });
});

describe("replicas", () => {
  test("are what a manager counts, of the service of that name alone", async () => {
    const folder = mkdtempSync(join(tmpdir(), "load-"));
    const service = (name: string, RunningTasks: number) => ({
      Spec: { Name: name },
      ServiceStatus: { RunningTasks, DesiredTasks: 5 },
    });
    const api = await dockerApi(join(folder, "docker.sock"), () => ({
      body: [service("web2", 1), service("web", 3)],
    }));
    const manager = new Docker({ socketPath: join(folder, "docker.sock") });
    expect(await replicasOf(manager, "web")).toEqual({ wanted: 5, running: 3 });
    await expect(replicasOf(manager, "shop")).rejects.toThrow("there is no service shop");
    expect(api.calls[0]!.request).toBe('GET /services?status=true&filters={"name":["web"]}');
    await api.close();
    rmSync(folder, { recursive: true });
  });

  test("are asked of every manager before nobody tells", async () => {
    const apiHosts = ["tcp://127.0.0.1:1", "tcp://127.0.0.1:2"];
    const outputs = { apiHosts, ca: "", cert: "", key: "" } as unknown as StackOutputs;
    await expect(replicasByApi(outputs, "web")()).rejects.toThrow(
      /^no manager tells how many replicas web has: .*127\.0\.0\.1:1; .*127\.0\.0\.1:2$/,
    );
  });

  test("have a gap where nobody told", async () => {
    const looks = [1, undefined, 2];
    const samples: Sample[] = [];
    const stop = new AbortController();
    const look = async () => {
      const running = looks.shift();
      if (looks.length === 0) setTimeout(() => stop.abort(), 10);
      if (running === undefined) throw new Error("no leader");
      return { wanted: 2, running };
    };
    await sampleReplicas(look, samples, stop.signal);
    expect(samples).toEqual([
      { seconds: 0, wanted: 2, running: 1 },
      { seconds: 2, wanted: 2, running: 2 },
    ]);
  });
});

describe("a surge", () => {
  const bounds = { min: 1, max: 3 };

  test("is timed by when all of the most run, and the fewest again after the load", () => {
    const samples = seen(1, 1, 2, 3, 3, 3, 2, 1);
    samples[3] = { seconds: 3, wanted: 3, running: 2 };
    expect(times(samples, bounds, 5)).toEqual({
      ...{ loadSeconds: 5, secondsToMax: 4, secondsToMin: 2 },
    });
    expect(times(seen(1, 2, 2, 2), bounds, 2)).toMatchObject({
      ...{ secondsToMax: undefined, secondsToMin: undefined },
    });
  });

  const outputs = (port: number, autoscale: object | undefined = { max: 3, cpuPercent: 50 }) =>
    ({
      nodes: [{ name: "mg0", ingressAddress: "127.0.0.1" }],
      services: [
        {
          ...{ name: "web", replicas: 1, ...(autoscale ? { autoscale } : {}) },
          publish: [{ mode: "ingress", protocol: "tcp", published: port, target: 80 }],
        },
      ],
    }) as unknown as StackOutputs;

  test("goes up with the load and down after it, and counts", async () => {
    let requests = 0;
    const port = await serve((_, response) => {
      requests++;
      response.end();
    });
    let last = { at: 0, requests: 0 };
    // Three replicas while there is a load.
    const look = async () => {
      const busy = requests - last.requests > 10;
      last = { at: performance.now(), requests };
      return { wanted: busy ? 3 : 1, running: busy ? 3 : 1 };
    };
    const load = { perSecond: 60, clients: 20, seconds: 2, untilMaxSeconds: 5 };
    const seconds = jest.fn();
    const result = await surge(outputs(port), { load, onSecond: seconds }, look);
    expect(surgeProblems(result)).toEqual([]);
    expect(result.bounds).toEqual(bounds);
    expect(result.answers.requests).toBe(requests);
    expect(result.secondsToMax).toBeLessThanOrEqual(3);
    expect(result.secondsToMin).toBeLessThanOrEqual(3);
    expect(seconds).toHaveBeenCalled();
  }, 20_000);

  test("of a service that is not autoscaled is none", async () => {
    const plain = { ...outputs(80), services: [{ ...outputs(80).services[0]!, replicas: 3 }] };
    delete plain.services[0]!.autoscale;
    const load = { perSecond: 1, clients: 1, seconds: 1, untilMaxSeconds: 1 };
    await expect(surge(plain, { load }, () => Promise.reject(new Error()))).rejects.toThrow(
      "web is not autoscaled; see webAutoscale",
    );
  });

  test("goes by all nodes", () => {
    expect(webTargets(outputs(8080))).toEqual([{ host: "127.0.0.1", port: 8080 }]);
  });

  const result: Surge = {
    answers: { requests: 4210, failed: [] },
    bounds: { min: 1, max: 5 },
    samples: seen(
      ...Array<number>(40).fill(1),
      ...Array<number>(20).fill(2),
      ...Array<number>(20).fill(4),
      ...Array<number>(130).fill(5),
      ...Array<number>(14).fill(1),
    ),
    ...{ loadSeconds: 120, secondsToMax: 80, secondsToMin: 90 },
  };

  test("has a chart and its figures", () => {
    expect(surgeReport(result)).toMatchSnapshot();
  });

  test("of a few seconds has a chart as well, and one without a look", () => {
    expect(replicaChart(seen(1, 2, 3), 1)).toMatchSnapshot();
    expect(replicaChart([], 1)).toContain("0 s");
  });

  test("has problems: never at the most, never back, requests that failed", () => {
    expect(surgeProblems(result)).toEqual([]);
    const at = new Date("2026-11-27T06:08:09.5Z");
    const failure = { at, host: "192.168.123.10", problem: "no answer in 15 s" };
    const refused: Failure = { ...failure, problem: "status 502" };
    const failed = [refused, ...Array<Failure>(29).fill(failure)];
    const bad = { ...result, answers: { requests: 99, failed }, secondsToMax: undefined };
    expect(surgeProblems({ ...bad, secondsToMin: undefined })).toEqual([
      "web never had its 5 replicas",
      "web did not get back to 1",
      "30 of 99 requests failed",
    ]);
    const line = "\n  06:08:09 UTC by 192.168.123.10: ";
    const [, told] = surgeReport(bad).split("requests: 99, failed: 30");
    expect(told).toBe(`${line}status 502${`${line}no answer in 15 s`.repeat(19)}`);
  });
});

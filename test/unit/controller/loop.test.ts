import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Log } from "../../../controller/log";
import { Loop, type LoopArgs } from "../../../controller/loop";
import { Metrics } from "../../../controller/metrics";
import { queryPrometheus } from "../../../controller/prometheus";
import { Swarm } from "../../../controller/swarm";
import { FakePrometheus } from "../../fixtures/fake-prometheus";
import { FakeSwarm } from "../../fixtures/fake-swarm";

let folder: string;
let swarm: FakeSwarm;
let prometheus: FakePrometheus;
/** Seconds. Each tick is 15 later than the one before. */
let now: number;
/** Cores that the whole service uses, by service. */
let load: Record<string, number>;

beforeEach(async () => {
  // The time of day is an hour off what is counted with.
  jest.spyOn(Date, "now").mockImplementation(() => 1000 * (now + 3600));
  folder = mkdtempSync(join(tmpdir(), "controller-"));
  swarm = new FakeSwarm(folder);
  prometheus = await new FakePrometheus().listen();
  now = 0;
  load = {};
  prometheus.answer = (promql) => {
    const name = /service="([^"]+)"/.exec(promql)?.[1];
    if (!name || load[name] === undefined) return {};
    const tasks = swarm.tasks(name);
    return Object.fromEntries(tasks.map((task) => [task, load[name]! / tasks.length]));
  };
});

afterEach(async () => {
  jest.restoreAllMocks();
  await swarm.close();
  await prometheus.close();
  rmSync(folder, { recursive: true });
});

/** One to five replicas at half of half a core each; one minute's window. */
const WEB = {
  "swarm.autoscale.max": "5",
  "swarm.autoscale.cpu": "50",
  "swarm.autoscale.window-down": "60",
};

interface Controller {
  tick(times?: number): Promise<void>;
  lines: string[];
  /** Its metrics that are not the text of the client library. */
  metrics(): Promise<string[]>;
  api: Awaited<ReturnType<FakeSwarm["manager"]>>;
}

/** How long who hangs is waited for, where that is what a test is about. */
const SHORT_MS = 500;
/** Otherwise: long enough for a machine that does other things too. */
const LONG_MS = 5000;

/** A controller on a manager. */
async function controller(
  node = "mg0",
  changes: Partial<Omit<LoopArgs, "swarm">> & {
    wrap?: (swarm: Swarm) => LoopArgs["swarm"];
    password?: string;
    /** Bound for each request, to the Docker API and to Prometheus. */
    timeoutMs?: number;
  } = {},
): Promise<Controller> {
  const {
    wrap = (same) => same,
    password = prometheus.password,
    timeoutMs = LONG_MS,
    ...args
  } = changes;
  const api = await swarm.manager(node);
  const lines: string[] = [];
  const metrics = new Metrics();
  const access = { url: prometheus.url, user: "admin", password, timeoutMs };
  const nowSeconds = () => now;
  const loop = new Loop({
    swarm: wrap(new Swarm(api.socket, timeoutMs)),
    query: (promql) => queryPrometheus(access, promql),
    log: new Log((line) => lines.push(line), nowSeconds),
    ...{ metrics, nowSeconds, autoscale: true, dryRun: false },
    ...args,
  });
  return {
    ...{ api, lines },
    async tick(times = 1) {
      for (let i = 0; i < times; i++) {
        await loop.tick();
        now += 15;
      }
    },
    async metrics() {
      const all = await metrics.registry.metrics();
      return all.split("\n").filter((line) => line && !line.startsWith("#"));
    },
  };
}

describe("one controller", () => {
  test("scales up under load, and down when the load is gone and the window has passed", async () => {
    swarm.add("web", 1, WEB);
    const { tick, lines } = await controller();
    load["web"] = 0.1;
    await tick();
    load["web"] = 0.5; // all of what one replica has reserved
    await tick();
    load["web"] = 1; // two of them can use twice as much
    await tick();
    load["web"] = 5;
    await tick(2);
    expect(swarm.changes).toEqual(["web=2", "web=4", "web=5"]);

    load["web"] = 0.01;
    await tick(3); // the last one that wanted 5 or more was 45 s ago
    expect(swarm.changes).toHaveLength(3);
    await tick();
    expect(swarm.changes.slice(3)).toEqual(["web=1"]);

    expect(lines).toEqual([
      "This node is the leader: this copy acts",
      "web stays at 1 (steady): cpu is 20 %, target 50 %, wants 1",
      "web goes from 1 to 2: cpu is 100 %, target 50 %, wants 2",
      "web goes from 2 to 4: cpu is 100 %, target 50 %, wants 4",
      "web goes from 4 to 5: cpu is 250 %, target 50 %, wants 20, max is 5",
      "web stays at 5 (steady): cpu is 200 %, target 50 %, wants 20, max is 5",
      "web stays at 5 (held): cpu is 0.4 %, target 50 %, wants 1; " +
        "the highest that was wanted in the last 60 s is 20",
      "web goes from 5 to 1: cpu is 0.4 %, target 50 %, wants 1",
    ]);
  });

  test("changes nothing but the replicas, at the version that it read", async () => {
    const service = swarm.add("web", 1, WEB);
    load["web"] = 0.5;
    const { tick, api } = await controller();
    await tick();
    const [update] = api.calls.filter(({ request }) => request.startsWith("POST"));
    expect(update!.request).toBe("POST /services/id-web/update?version=10");
    expect(update!.body).toEqual({ ...service.Spec, Mode: { Replicated: { Replicas: 2 } } });
  });

  test("reads what it needs in five requests", async () => {
    swarm.add("plain", 1, {});
    swarm.add("web", 1, WEB);
    const { tick, api } = await controller();
    await tick();
    expect(api.calls.map(({ request }) => request).sort()).toEqual([
      "GET /info",
      "GET /nodes",
      "GET /nodes/mg0",
      "GET /services?status=true",
      'GET /tasks?filters={"service":["id-web"],"desired-state":["running"]}',
    ]);
  });

  test("says once a minute that nothing changes", async () => {
    swarm.add("web", 2, WEB);
    load["web"] = 0.5;
    const { tick, lines } = await controller();
    await tick(20);
    expect(lines.filter((line) => line.startsWith("web stays at 2"))).toHaveLength(5);
  });

  test("a changed max acts at once", async () => {
    const service = swarm.add("web", 5, WEB);
    load["web"] = 5;
    const { tick, lines } = await controller();
    await tick();
    service.Spec.Labels = { ...WEB, "swarm.autoscale.max": "3" };
    await tick();
    expect(swarm.changes).toEqual(["web=3"]);
    expect(lines.at(-1)).toBe("web goes from 5 to 3: it has more than max 3");
  });

  test("leaves services without labels alone, and asks nothing about them", async () => {
    swarm.add("plain", 3, {});
    const { tick, lines } = await controller();
    await tick(5);
    expect([swarm.changes, prometheus.queries]).toEqual([[], []]);
    expect(lines).toEqual(["This node is the leader: this copy acts"]);
  });

  test("asks for every target", async () => {
    swarm.add("web", 1, {
      ...WEB,
      "swarm.autoscale.memory": "80",
      "swarm.autoscale.requests": "10",
      "swarm.autoscale.query": "sum(queue)",
      "swarm.autoscale.target": "30",
    });
    const byQuery: [RegExp, ReturnType<FakePrometheus["answer"]>][] = [
      [/cpu/, { "web-1": 0.25 }],
      [/memory/, { "web-1": 4e7, "web-old": 9e9 }],
      [/requests/, { "web-1": 35 }],
      [/queue/, 12],
    ];
    prometheus.answer = (promql) => byQuery.find(([about]) => about.test(promql))![1];
    const { tick, lines } = await controller();
    await tick();
    expect(prometheus.queries.sort()).toEqual([
      "sum by (task) " + '(container_memory_working_set_bytes{job="cadvisor",service="web"})',
      "sum by (task) " +
        '(rate(container_cpu_usage_seconds_total{job="cadvisor",service="web"}[1m]))',
      'sum by (task) (rate(http_requests_total{job="tasks",service="web"}[1m]))',
      "sum(queue)",
    ]);
    expect(lines.at(-1)).toBe(
      "web goes from 1 to 4: cpu is 50 %, target 50 %, within the tolerance, wants 1, " +
        "memory is 40 %, target 80 %, wants 1, requests is 35/s, target 10/s, wants 4, " +
        "query is 12, target 30, wants 1",
    );
  });

  test.each(["updating", "paused", "rollback_started", "rollback_paused"])(
    "waits for the end of an update that is %s, which a change would start again",
    async (State) => {
      const service = swarm.add("web", 1, WEB);
      service.UpdateStatus = { State };
      load["web"] = 0.5;
      const { tick, lines } = await controller();
      await tick(2);
      expect(swarm.changes).toEqual([]);
      expect(lines.slice(1)).toEqual([
        `web waits for the end of its update (${State}) to go from 1 to 2: ` +
          "cpu is 100 %, target 50 %, wants 2",
      ]);
      service.UpdateStatus = { State: "rollback_completed" };
      await tick();
      expect(swarm.changes).toEqual(["web=2"]);
    },
  );

  test.each<[what: string, setUp: () => Partial<LoopArgs>]>([
    ["DRY_RUN", () => ({ dryRun: true })],
    [
      "the label dry-run",
      () => {
        swarm.services[0]!.Spec.Labels["swarm.autoscale.dry-run"] = "true";
        return {};
      },
    ],
  ])("%s: says what it would do, once, and does nothing", async (_, setUp) => {
    swarm.add("web", 1, { ...WEB });
    load["web"] = 0.5;
    const { tick, lines } = await controller("mg0", setUp());
    await tick(4);
    expect(swarm.changes).toEqual([]);
    expect(lines.slice(1)).toEqual([
      "web would go from 1 to 2 (dry run): cpu is 100 %, target 50 %, wants 2",
    ]);
  });

  test("AUTOSCALE=false: only exports the swarm's state", async () => {
    swarm.add("web", 1, WEB);
    load["web"] = 5;
    const { tick, metrics } = await controller("mg0", { autoscale: false });
    await tick(3);
    expect([swarm.changes, prometheus.queries]).toEqual([[], []]);
    expect(await metrics()).toContain('swarm_service_tasks_running{service="web"} 1');
    expect((await metrics()).filter((line) => line.startsWith("autoscale"))).toEqual([]);
  });

  test("exports what it sees and decides", async () => {
    swarm.add("web", 1, WEB);
    load["web"] = 0.4;
    const { tick, metrics } = await controller();
    await tick();
    expect(await metrics()).toEqual([
      "controller_leader 1",
      "controller_last_tick_timestamp_seconds 3600",
      'swarm_node_up{node="mg0",role="manager"} 1',
      'swarm_node_up{node="mg1",role="manager"} 1',
      'swarm_node_active{node="mg0",role="manager"} 1',
      'swarm_node_active{node="mg1",role="manager"} 1',
      'swarm_manager_reachable{node="mg0"} 1',
      'swarm_manager_reachable{node="mg1"} 1',
      'swarm_service_tasks_wanted{service="web"} 1',
      'swarm_service_tasks_running{service="web"} 1',
      'autoscale_replicas{service="web"} 1',
      'autoscale_desired_replicas{service="web"} 2',
      'autoscale_min_replicas{service="web"} 1',
      'autoscale_max_replicas{service="web"} 5',
      'autoscale_metric_value{service="web",metric="cpu"} 80',
      'autoscale_metric_target{service="web",metric="cpu"} 50',
      'autoscale_problems{service="web"} 0',
      'autoscale_decisions_total{service="web",outcome="up"} 1',
    ]);
  });
});

describe("services with mistakes", () => {
  test("bad labels: all of them in one line, and nothing is scaled", async () => {
    swarm.add("bad", 1, { "swarm.autoscale.max": "many", "swarm.autoscale.cpus": "50" });
    swarm.add("web", 1, WEB);
    load = { bad: 5, web: 0.5 };
    const { tick, lines, metrics } = await controller();
    await tick();
    expect(swarm.changes).toEqual(["web=2"]);
    expect(lines).toContain(
      'bad has problems: swarm.autoscale.cpus: "50" is set, but there is no such label; ' +
        'write swarm.autoscale.cpu, or remove it; swarm.autoscale.max: "many" is not a whole ' +
        "number; write a whole number from 1 to 1000; swarm.autoscale.cpu: no target is set; " +
        'write "50", or a target of memory, requests or a query',
    );
    expect(await metrics()).toContain('autoscale_problems{service="bad"} 3');
  });

  test("a cpu target without a reservation: said and exported; another target still scales up", async () => {
    swarm.add(
      "web",
      2,
      { ...WEB, "swarm.autoscale.query": "q", "swarm.autoscale.target": "10" },
      {},
    );
    prometheus.answer = () => 1;
    const { tick, lines, metrics } = await controller();
    await tick();
    expect(swarm.changes).toEqual([]);
    expect(lines).toContain(
      "web has problems: it has a cpu target, and neither a CPU reservation nor a limit; give it one",
    );
    expect(lines.at(-1)).toBe(
      "web stays at 2 (held): cpu is missing: the service has neither a reservation nor a limit, " +
        "query is 0.5, target 10, wants 1; without a metric it is not scaled down",
    );
    expect(await metrics()).toContain('autoscale_problems{service="web"} 1');
    prometheus.answer = () => 40;
    await tick();
    expect(swarm.changes).toEqual(["web=4"]);
  });

  test("without a reservation the limit is what counts", async () => {
    swarm.add("web", 1, WEB, { Resources: { Limits: { NanoCPUs: 1e9 }, Reservations: {} } });
    load["web"] = 1;
    const { tick, lines } = await controller();
    await tick();
    expect(lines.at(-1)).toBe("web goes from 1 to 2: cpu is 100 %, target 50 %, wants 2");
  });

  test("one that is not replicated", async () => {
    swarm.add("agent", 1, WEB).Spec.Mode = { Global: {} };
    const { tick, lines } = await controller();
    await tick();
    expect(lines.at(-1)).toBe(
      "agent has problems: it is not replicated; only replicated services can be autoscaled",
    );
  });

  test.each<[what: string, answer: ReturnType<FakePrometheus["answer"]>, why: string]>([
    ["an error", { error: "parse error: unexpected end" }, "parse error: unexpected end"],
    ["no result", {}, "the query has no result"],
    [
      "several results",
      { a: 1, b: 2 },
      "the query has 2 results; write one that has one, for example with sum()",
    ],
    ["no number", { a: "NaN" }, "NaN is no amount"],
    ["a division by zero", { a: "+Inf" }, "Infinity is no amount"],
  ])("a query with %s", async (_, answer, why) => {
    const query = { "swarm.autoscale.query": "q", "swarm.autoscale.target": "10" };
    swarm.add("web", 2, { "swarm.autoscale.max": "5", ...query });
    prometheus.answer = () => answer;
    const { tick, lines } = await controller();
    await tick();
    expect(lines.slice(1)).toEqual([
      `web stays at 2 (held): query is missing: ${why}; without a metric it is not scaled down`,
    ]);
  });

  test("a name with quotes and backslashes stays one text in PromQL", async () => {
    swarm.add('a"} or b\\', 1, WEB);
    const { tick } = await controller();
    await tick();
    expect(prometheus.queries).toEqual([
      "sum by (task) (rate(container_cpu_usage_seconds_total" +
        '{job="cadvisor",service="a\\"} or b\\\\"}[1m]))',
    ]);
  });
});

describe("two controllers", () => {
  test("the one on the leader acts; the other one says nothing but that it waits", async () => {
    swarm.add("web", 1, WEB);
    load["web"] = 0.5;
    const [first, second] = [await controller("mg0"), await controller("mg1")];
    await Promise.all([first.tick(), second.tick()]);
    expect(swarm.changes).toEqual(["web=2"]);
    expect(second.lines).toEqual([]);
    expect(await second.metrics()).toEqual([
      "controller_leader 0",
      expect.stringMatching("controller_last_tick_timestamp_seconds"),
    ]);
    expect(second.api.calls.map(({ request }) => request)).toEqual(["GET /info", "GET /nodes/mg1"]);
  });

  test("both think that they lead: one changes it, the other fails and looks again", async () => {
    swarm.add("web", 1, WEB);
    swarm.leaders = ["mg0", "mg1"];
    load["web"] = 0.5;
    const together = meeting(2);
    const wrap = (real: Swarm): LoopArgs["swarm"] => ({
      leads: () => real.leads(),
      nodes: () => real.nodes(),
      services: () => real.services(),
      runningTasks: (ids) => real.runningTasks(ids),
      scale: async (service, replicas) => {
        await together(); // both have read the same
        return real.scale(service, replicas);
      },
    });
    const both = [await controller("mg0", { wrap }), await controller("mg1", { wrap })];
    await Promise.all(both.map(({ tick }) => tick()));
    expect(swarm.changes).toEqual(["web=2"]);
    expect(both.flatMap(({ lines }) => lines).sort()).toEqual([
      "This node is the leader: this copy acts",
      "This node is the leader: this copy acts",
      "web goes from 1 to 2: cpu is 100 %, target 50 %, wants 2",
      "web was not changed from 1 to 2: somebody else changed it; looks again",
    ]);
    const errors = (await Promise.all(both.map(({ metrics }) => metrics()))).flat();
    expect(errors).toContain('controller_errors_total{what="conflict"} 1');

    await Promise.all(both.map(({ tick }) => tick()));
    expect(swarm.changes).toEqual(["web=2"]);
  });

  test("a new leader goes on, and scales nothing down before a window has passed", async () => {
    swarm.add("web", 1, WEB);
    const [first, second] = [await controller("mg0"), await controller("mg1")];
    load["web"] = 0.5;
    await first.tick();
    swarm.leaders = ["mg1"];
    load["web"] = 0.01;
    await first.tick();
    await second.tick(4);
    expect(swarm.changes).toEqual(["web=2"]);
    await second.tick();
    expect(swarm.changes).toEqual(["web=2", "web=1"]);
    expect(first.lines.at(-1)).toBe("This node is not the leader any more: another copy acts");
    expect(await first.metrics()).toEqual([
      "controller_leader 0",
      "controller_last_tick_timestamp_seconds 3615",
    ]);
  });

  test("one that leads again has forgotten what it saw before", async () => {
    swarm.add("web", 2, WEB);
    load["web"] = 0.01;
    const { tick } = await controller();
    await tick(3);
    swarm.leaders = ["mg1"];
    await tick();
    swarm.leaders = ["mg0"];
    await tick(4);
    expect(swarm.changes).toEqual([]);
    await tick();
    expect(swarm.changes).toEqual(["web=1"]);
  });

  test("the leader is lost in the middle of a change: nothing is changed, and the next one does it", async () => {
    swarm.add("web", 1, WEB);
    load["web"] = 0.5;
    const [first, second] = [await controller("mg0"), await controller("mg1")];
    swarm.refusal = "rpc error: code = Unknown desc = The swarm does not have a leader.";
    await first.tick();
    expect(swarm.replicas("web")).toBe(1);
    expect(first.lines.at(-1)).toMatch(
      /^web could not be changed from 1 to 2: .*The swarm does not have a leader/,
    );
    await first.api.close();
    swarm.refusal = undefined;
    swarm.leaders = ["mg1"];
    await Promise.all([first.tick(), second.tick()]);
    expect(swarm.changes).toEqual(["web=2"]);
    expect(first.lines.at(-1)).toMatch(/^The Docker API does not answer: /);
  });
});

describe("Prometheus", () => {
  test.each<[what: string, health: FakePrometheus["health"], message: RegExp]>([
    ["is broken", "broken", /^Prometheus does not answer: status 503$/],
    ["hangs", "hangs", /^Prometheus does not answer: .*timeout/],
  ])("%s: nothing changes, it is said once, and goes on afterwards", async (_, health, message) => {
    swarm.add("web", 3, WEB);
    load["web"] = 0.75;
    const { tick, lines, metrics } = await controller("mg0", { timeoutMs: SHORT_MS });
    await tick(6);
    prometheus.health = health;
    load["web"] = 0.01;
    await tick(6);
    expect(swarm.changes).toEqual([]);
    expect(lines.filter((line) => message.test(line))).toHaveLength(1);
    expect(lines.filter((line) => line.includes("web stays at 3 (held)"))).toEqual(
      Array(2).fill(
        "web stays at 3 (held): cpu is missing: Prometheus does not answer; " +
          "without a metric it is not scaled down",
      ),
    );
    expect(await metrics()).toContain('controller_errors_total{what="prometheus"} 6');
    expect((await metrics()).join()).not.toContain("autoscale_metric_value");

    prometheus.health = "up";
    await tick(3);
    expect(lines).toContain("Prometheus answers again");
    expect(swarm.changes).toEqual([]);
    await tick(); // a window of figures since it came back
    expect(swarm.changes).toEqual(["web=1"]);
  });

  test("is gone, and comes back", async () => {
    swarm.add("web", 1, WEB);
    load["web"] = 0.5;
    const gone = await new FakePrometheus().listen();
    const url = gone.url;
    await gone.close();
    let at = url;
    const query = (promql: string) =>
      queryPrometheus({ url: at, user: "admin", password: "secret", timeoutMs: LONG_MS }, promql);
    const { tick, lines } = await controller("mg0", { query });
    await tick();
    expect(lines.at(-1)).toMatch(/^Prometheus does not answer: .*ECONNREFUSED/);
    at = prometheus.url;
    await tick();
    expect(swarm.changes).toEqual(["web=2"]);
  });

  test("does not take the password", async () => {
    swarm.add("web", 3, WEB);
    load["web"] = 5;
    const { tick, lines } = await controller("mg0", { password: "other" });
    await tick();
    expect(swarm.changes).toEqual([]);
    expect(lines.at(-1)).toBe("Prometheus does not answer: status 401");
  });

  test("has no figures of a new service yet", async () => {
    swarm.add("web", 3, WEB);
    const { tick, lines } = await controller();
    await tick();
    expect(lines.at(-1)).toBe(
      "web stays at 3 (held): cpu is missing: no running task has a value; " +
        "without a metric it is not scaled down",
    );
  });
});

describe("the Docker API", () => {
  test("is down and comes back: said once, counted, and a window starts afresh", async () => {
    swarm.add("web", 2, WEB);
    load["web"] = 0.01;
    const { tick, lines, metrics, api } = await controller();
    await tick(3);
    await api.close();
    await tick(3);
    expect(lines.filter((line) => line.startsWith("The Docker API does not answer"))).toHaveLength(
      1,
    );
    expect(await metrics()).toEqual([
      "controller_leader 0",
      "controller_last_tick_timestamp_seconds 3675",
      'controller_errors_total{what="api"} 3',
    ]);

    await swarm.manager("mg0");
    await tick(4);
    expect(lines).toContain("The Docker API answers again");
    expect(swarm.changes).toEqual([]);
    await tick();
    expect(swarm.changes).toEqual(["web=1"]);
  });
});

test("a Docker API that hangs does not make the loop hang", async () => {
  swarm.add("web", 1, WEB);
  load["web"] = 0.5;
  const { tick, lines } = await controller("mg0", { timeoutMs: SHORT_MS });
  swarm.hangs = true;
  await tick();
  expect(lines).toEqual([expect.stringMatching("^The Docker API does not answer: ")]);
  swarm.hangs = false;
  await tick();
  expect(swarm.changes).toEqual(["web=2"]);
});

/** Who calls it waits until so many have. */
function meeting(size: number): () => Promise<void> {
  let open = () => {};
  const met = new Promise<void>((resolve) => (open = resolve));
  let here = 0;
  return () => {
    if (++here === size) open();
    return met;
  };
}

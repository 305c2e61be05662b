import {
  decide,
  type Decision,
  type Memory,
  type Metric,
  type Outcome,
  type Reading,
} from "../../../controller/decide";
import type { AutoscaleSettings } from "../../../controller/autoscale";

/** No windows, wide bounds: what the algorithm says by itself. */
const SETTINGS: AutoscaleSettings = {
  ...{ min: 1, max: 100, requestsMetric: "http_requests_total", tolerance: 0.1 },
  ...{ windowUpSeconds: 0, windowDownSeconds: 0, cooldownSeconds: 0, dryRun: false },
};

const tasks = (...values: number[]): Reading => ({ kind: "tasks", values, silent: 0 });
const silent = (count: number, ...values: number[]): Reading => ({
  ...{ kind: "tasks", values, silent: count },
});
const each = (count: number, value: number) => tasks(...Array<number>(count).fill(value));
const total = (value: number): Reading => ({ kind: "total", value });
const DOWN: Reading = { kind: "missing", why: "Prometheus does not answer" };

const cpu = (target: number, reading: Reading): Metric => ({
  ...{ name: "cpu", unit: " %", target, reading },
});
const memory = (target: number, reading: Reading): Metric => ({
  ...{ name: "memory", unit: " %", target, reading },
});
const query = (target: number, reading: Reading): Metric => ({
  ...{ name: "query", unit: "", target, reading },
});

/** At second 1000, after these counts were wanted so many seconds ago. */
const after = (...wanted: [secondsAgo: number, replicas: number][]): Memory => ({
  wanted: wanted.map(([ago, replicas]) => ({ atSeconds: 1000 - ago, replicas })),
  changedSeconds: 0,
});

type Case = [
  what: string,
  settings: Partial<AutoscaleSettings>,
  current: number,
  metrics: Metric[],
  expected: { outcome: Outcome; desired: number; reason: string },
  memory?: Memory,
];

const runs = (cases: Case[]) =>
  test.each(cases.map(([what, ...rest]) => ({ what, rest })))("$what", ({ rest }) => {
    const [settings, current, metrics, expected, before] = rest;
    const { outcome, desired, reason } = decide(
      { ...SETTINGS, ...settings },
      { nowSeconds: 1000, current, metrics },
      before,
    );
    expect({ outcome, desired, reason }).toEqual(expected);
  });

const up = (desired: number, reason: string) => ({ outcome: "up" as const, desired, reason });
const down = (desired: number, reason: string) => ({ outcome: "down" as const, desired, reason });
const steady = (desired: number, reason: string) => ({
  ...{ outcome: "steady" as const, desired, reason },
});
const held = (desired: number, reason: string) => ({ outcome: "held" as const, desired, reason });

describe("the examples of the Kubernetes documentation", () => {
  runs([
    // "Algorithm details"
    [
      "200m of 100m doubles",
      {},
      3,
      [cpu(100, each(3, 200))],
      up(6, "cpu is 200 %, target 100 %, wants 6"),
    ],
    [
      "50m of 100m halves",
      {},
      4,
      [cpu(100, each(4, 50))],
      down(2, "cpu is 50 %, target 100 %, wants 2"),
    ],
    [
      "close to 1.0 is skipped, from above",
      {},
      3,
      [cpu(100, each(3, 109))],
      steady(3, "cpu is 109 %, target 100 %, within the tolerance, wants 3"),
    ],
    [
      "close to 1.0 is skipped, from below",
      {},
      3,
      [cpu(100, each(3, 91))],
      steady(3, "cpu is 91 %, target 100 %, within the tolerance, wants 3"),
    ],
    // "Walkthrough"
    [
      "php-apache at 305 % of 50 % gets 7",
      { max: 10 },
      1,
      [cpu(50, tasks(305))],
      up(7, "cpu is 305 %, target 50 %, wants 7"),
    ],
    [
      "php-apache at 0 % of 50 % goes from 7 to 1",
      { max: 10 },
      7,
      [cpu(50, each(7, 0))],
      down(1, "cpu is 0 %, target 50 %, wants 0, min is 1"),
    ],
    [
      "php-apache at 0 % of 50 % stays at 1",
      { max: 10 },
      1,
      [cpu(50, tasks(0))],
      steady(1, "cpu is 0 %, target 50 %, wants 0, min is 1"),
    ],
    [
      "one worker for 30 outstanding messages",
      {},
      2,
      [query(30, total(300))],
      up(10, "query is 150, target 30, wants 10"),
    ],
    [
      "66m of 500m http_requests, one of 1 to 4",
      { max: 4 },
      1,
      [query(0.5, total(0.066))],
      steady(1, "query is 0.066, target 0.5, wants 1"),
    ],
    [
      "CPU, packets and requests: the highest wins",
      { max: 10 },
      1,
      [
        cpu(50, tasks(60)),
        { name: "requests", unit: "/s", target: 1000, reading: tasks(2500) },
        query(10_000, total(14_000)),
      ],
      up(
        3,
        "cpu is 60 %, target 50 %, wants 2, requests is 2500/s, target 1000/s, wants 3, " +
          "query is 14000, target 10000, wants 2",
      ),
    ],
    // "Tolerance": 100 MiB with 5 % scales up above 105 MiB only.
    [
      "a tolerance of 5 % leaves 105 of 100",
      { tolerance: 0.05 },
      10,
      [memory(100, each(10, 105))],
      steady(10, "memory is 105 %, target 100 %, within the tolerance, wants 10"),
    ],
    [
      "a tolerance of 5 % does not leave 106 of 100",
      { tolerance: 0.05 },
      10,
      [memory(100, each(10, 106))],
      up(11, "memory is 106 %, target 100 %, wants 11"),
    ],
    // "HorizontalPodAutoscaler configurable tolerance", 2025-04-28
    [
      "50 replicas at 90 % of 75 % become 60",
      {},
      50,
      [cpu(75, each(50, 90))],
      up(60, "cpu is 90 %, target 75 %, wants 60"),
    ],
    // "Stabilization window"
    [
      "all that was wanted in the last 5 minutes is considered",
      { windowDownSeconds: 300 },
      10,
      [cpu(50, each(10, 10))],
      down(
        7,
        "cpu is 10 %, target 50 %, wants 2; the highest that was wanted in the last 300 s is 7",
      ),
      after([301, 10], [299, 7], [150, 3], [15, 2]),
    ],
    [
      "a window of 1 minute forgets sooner",
      { windowDownSeconds: 60 },
      10,
      [cpu(50, each(10, 10))],
      down(
        3,
        "cpu is 10 %, target 50 %, wants 2; the highest that was wanted in the last 60 s is 3",
      ),
      after([299, 7], [45, 3], [15, 2]),
    ],
    // "Default behavior": no window up, so at once.
    [
      "up goes at once",
      { windowDownSeconds: 300 },
      2,
      [cpu(50, each(2, 100))],
      up(4, "cpu is 100 %, target 50 %, wants 4"),
      after([60, 2], [15, 1]),
    ],
    // "Implicit maintenance-mode deactivation"
    [
      "0 replicas and a min above 0 turn it off",
      {},
      0,
      [query(30, total(300))],
      {
        outcome: "off",
        desired: 0,
        reason: "it was scaled to 0, which turns autoscaling off; scale it to 1 or more",
      },
    ],
  ]);
});

describe("the formula", () => {
  runs([
    ["rounds up", {}, 3, [cpu(50, each(3, 60))], up(4, "cpu is 60 %, target 50 %, wants 4")],
    [
      "rounds up on the way down, too",
      {},
      5,
      [cpu(50, each(5, 21))],
      down(3, "cpu is 21 %, target 50 %, wants 3"),
    ],
    [
      "does not round up for the smallest part of a number",
      { max: 200 },
      10,
      [query(0.1, total(1.1 * 10))],
      up(110, "query is 1.1, target 0.1, wants 110"),
    ],
    [
      "takes 10 % off the target as within the tolerance",
      {},
      10,
      [query(0.1, total(1.1))],
      steady(10, "query is 0.11, target 0.1, within the tolerance, wants 10"),
    ],
    [
      "has no tolerance at 0",
      { tolerance: 0 },
      10,
      [cpu(50, each(10, 50.5))],
      up(11, "cpu is 50.5 %, target 50 %, wants 11"),
    ],
    [
      "takes the average of unlike tasks",
      {},
      4,
      [cpu(50, tasks(200, 0, 0, 0))],
      steady(4, "cpu is 50 %, target 50 %, within the tolerance, wants 4"),
    ],
    [
      "counts replicas, not old tasks that are still there",
      {},
      2,
      [cpu(50, each(3, 100))],
      up(4, "cpu is 100 %, target 50 %, wants 4"),
    ],
    [
      "stops at max",
      { max: 5 },
      4,
      [cpu(50, each(4, 100))],
      up(5, "cpu is 100 %, target 50 %, wants 8, max is 5"),
    ],
    [
      "is steady at max",
      { max: 5 },
      5,
      [cpu(50, each(5, 100))],
      steady(5, "cpu is 100 %, target 50 %, wants 10, max is 5"),
    ],
    [
      "stops at min",
      { min: 3 },
      6,
      [cpu(50, each(6, 1))],
      down(3, "cpu is 1 %, target 50 %, wants 1, min is 3"),
    ],
    [
      "is one step from 1 to 5, where the target is a fifth of it",
      { max: 5 },
      1,
      [cpu(20, tasks(100))],
      up(5, "cpu is 100 %, target 20 %, wants 5"),
    ],
  ]);
});

describe("several metrics", () => {
  runs([
    [
      "the highest wins, though another would go down",
      {},
      4,
      [cpu(50, each(4, 10)), memory(50, each(4, 75))],
      up(6, "cpu is 10 %, target 50 %, wants 1, memory is 75 %, target 50 %, wants 6"),
    ],
    [
      "down only as far as the highest",
      {},
      10,
      [cpu(50, each(10, 10)), memory(50, each(10, 40))],
      down(8, "cpu is 10 %, target 50 %, wants 2, memory is 40 %, target 50 %, wants 8"),
    ],
    [
      "one on target keeps it",
      {},
      4,
      [cpu(50, each(4, 1)), memory(50, each(4, 50))],
      steady(
        4,
        "cpu is 1 %, target 50 %, wants 1, memory is 50 %, target 50 %, within the tolerance, wants 4",
      ),
    ],
  ]);
});

describe("tasks without a value", () => {
  runs([
    [
      "count as on target when the others go down",
      {},
      4,
      [cpu(100, silent(1, 20, 20, 20))],
      down(
        2,
        "cpu is 20 %, target 100 % with 1 of 4 tasks without a value taken as on target, wants 2",
      ),
    ],
    [
      "count as idle when the others go up",
      {},
      4,
      [cpu(100, silent(1, 200, 200, 200))],
      up(6, "cpu is 200 %, target 100 % with 1 of 4 tasks without a value taken as idle, wants 6"),
    ],
    [
      "stop a scale-down that they bring within the tolerance",
      {},
      4,
      [cpu(100, silent(3, 70))],
      steady(
        4,
        "cpu is 70 %, target 100 % with 3 of 4 tasks without a value taken as on target, " +
          "within the tolerance, wants 4",
      ),
    ],
    [
      "stop a scale-up that they bring within the tolerance",
      {},
      4,
      [cpu(100, silent(2, 200, 200))],
      steady(
        4,
        "cpu is 200 %, target 100 % with 2 of 4 tasks without a value taken as idle, " +
          "within the tolerance, wants 4",
      ),
    ],
    [
      "stop a scale-up that they turn round",
      {},
      4,
      [cpu(100, silent(3, 200))],
      steady(
        4,
        "cpu is 200 %, target 100 % with 3 of 4 tasks without a value taken as idle, " +
          "which turns it round, wants 4",
      ),
    ],
    [
      "do not matter when the others are on target",
      {},
      4,
      [cpu(100, silent(2, 100, 100))],
      steady(4, "cpu is 100 %, target 100 %, within the tolerance, wants 4"),
    ],
    [
      "that all have none are a metric that is missing",
      {},
      4,
      [cpu(100, silent(4))],
      held(
        4,
        "cpu is missing: no running task has a value; without a metric it is not scaled down",
      ),
    ],
    [
      "with NaN, infinity or less than nothing have none",
      {},
      5,
      [cpu(100, tasks(400, 400, NaN, Infinity, -5))],
      up(8, "cpu is 400 %, target 100 % with 3 of 5 tasks without a value taken as idle, wants 8"),
    ],
  ]);
});

describe("tasks that are not running yet", () => {
  runs([
    [
      "count as idle when the others go up",
      {},
      4,
      [cpu(50, each(3, 100))],
      up(6, "cpu is 100 %, target 50 % with 1 of 4 tasks without a value taken as idle, wants 6"),
    ],
    [
      "stop a second step before the first one works",
      {},
      4,
      [cpu(50, each(2, 100))],
      steady(
        4,
        "cpu is 100 %, target 50 % with 2 of 4 tasks without a value taken as idle, " +
          "within the tolerance, wants 4",
      ),
    ],
    [
      "do not count when the others go down",
      {},
      4,
      [cpu(50, each(2, 20))],
      down(2, "cpu is 20 %, target 50 %, wants 2"),
    ],
    [
      "are counted with those without a value",
      {},
      6,
      [cpu(50, silent(1, 200, 200, 200, 200))],
      up(16, "cpu is 200 %, target 50 % with 2 of 6 tasks without a value taken as idle, wants 16"),
    ],
    [
      "that are all of them are a metric that is missing",
      {},
      4,
      [cpu(50, tasks())],
      held(
        4,
        "cpu is missing: no running task has a value; without a metric it is not scaled down",
      ),
    ],
    [
      "do not matter to a value for the whole service",
      {},
      4,
      [query(50, total(400))],
      up(8, "query is 100, target 50, wants 8"),
    ],
  ]);
});

describe("a metric that is missing", () => {
  runs([
    [
      "by itself changes nothing",
      {},
      4,
      [cpu(50, DOWN)],
      held(4, "cpu is missing: Prometheus does not answer; without a metric it is not scaled down"),
    ],
    [
      "stops a scale-down by another",
      {},
      4,
      [cpu(50, DOWN), memory(50, each(4, 10))],
      held(
        4,
        "cpu is missing: Prometheus does not answer, memory is 10 %, target 50 %, wants 1; " +
          "without a metric it is not scaled down",
      ),
    ],
    [
      "does not stop a scale-up by another",
      {},
      4,
      [cpu(50, DOWN), memory(50, each(4, 100))],
      up(8, "cpu is missing: Prometheus does not answer, memory is 100 %, target 50 %, wants 8"),
    ],
    [
      "does not stop the bounds: fewer than min",
      { min: 3 },
      2,
      [cpu(50, DOWN)],
      up(3, "it has fewer than min 3"),
    ],
    [
      "does not stop the bounds: more than max",
      { max: 3 },
      9,
      [cpu(50, DOWN)],
      down(3, "it has more than max 3"),
    ],
    [
      "is one without any metric at all",
      {},
      4,
      [query(50, total(NaN))],
      held(4, "query is missing: NaN is no amount; without a metric it is not scaled down"),
    ],
  ]);
});

describe("windows and cooldown", () => {
  const low = [cpu(50, each(4, 10))];
  const high = [cpu(50, each(4, 100))];
  const wantsLow = "cpu is 10 %, target 50 %, wants 1";
  const wantsHigh = "cpu is 100 %, target 50 %, wants 8";

  runs([
    [
      "who starts to watch does not scale down",
      { windowDownSeconds: 300 },
      4,
      low,
      held(4, `${wantsLow}; the highest that was wanted in the last 300 s is 4`),
    ],
    [
      "nor a second before the window has passed",
      { windowDownSeconds: 300 },
      4,
      low,
      held(4, `${wantsLow}; the highest that was wanted in the last 300 s is 4`),
      after([299, 4], [15, 1]),
    ],
    [
      "then it does",
      { windowDownSeconds: 300 },
      4,
      low,
      down(1, wantsLow),
      after([300, 4], [15, 1]),
    ],
    [
      "more than it has was wanted: it does not go up for that",
      { windowDownSeconds: 300 },
      4,
      low,
      held(4, `${wantsLow}; the highest that was wanted in the last 300 s is 9`),
      after([200, 9], [15, 1]),
    ],
    [
      "who starts to watch waits for the window up",
      { windowUpSeconds: 60 },
      4,
      high,
      held(4, `${wantsHigh}; the lowest that was wanted in the last 60 s is 4`),
    ],
    [
      "up to the lowest of the window",
      { windowUpSeconds: 60 },
      4,
      high,
      up(5, `${wantsHigh}; the lowest that was wanted in the last 60 s is 5`),
      after([61, 4], [45, 6], [30, 5], [15, 8]),
    ],
    [
      "fewer than it has was wanted: it does not go down for that",
      { windowUpSeconds: 60 },
      4,
      high,
      held(4, `${wantsHigh}; the lowest that was wanted in the last 60 s is 2`),
      after([30, 2], [15, 8]),
    ],
    [
      "the bounds hold for what the window says",
      { windowDownSeconds: 300, max: 6 },
      6,
      [cpu(50, each(6, 10))],
      held(
        6,
        "cpu is 10 %, target 50 %, wants 2; the highest that was wanted in the last 300 s is 50",
      ),
      after([200, 50], [15, 2]),
    ],
    [
      "a changed max counts at once",
      { windowDownSeconds: 300, cooldownSeconds: 300, max: 3 },
      4,
      high,
      down(3, "it has more than max 3"),
      { ...after([15, 4]), changedSeconds: 990 },
    ],
    [
      "a changed min counts at once",
      { windowUpSeconds: 300, cooldownSeconds: 300, min: 6 },
      4,
      low,
      up(6, "it has fewer than min 6"),
      { ...after([15, 1]), changedSeconds: 990 },
    ],
    [
      "nothing within the cooldown, up",
      { cooldownSeconds: 60 },
      4,
      high,
      held(4, `${wantsHigh}; 40 s of 60 s of the cooldown are left`),
      { wanted: [], changedSeconds: 980 },
    ],
    [
      "nothing within the cooldown, down",
      { cooldownSeconds: 60 },
      4,
      low,
      held(4, `${wantsLow}; 1 s of 60 s of the cooldown are left`),
      { wanted: [], changedSeconds: 941 },
    ],
    [
      "after the cooldown",
      { cooldownSeconds: 60 },
      4,
      high,
      up(8, wantsHigh),
      { wanted: [], changedSeconds: 940 },
    ],
    [
      "who starts to watch waits for the cooldown",
      { cooldownSeconds: 60 },
      4,
      high,
      held(4, `${wantsHigh}; 60 s of 60 s of the cooldown are left`),
    ],
  ]);
});

describe("min = max", () => {
  const pinned = { min: 3, max: 3 };
  runs([
    [
      "stays under load",
      pinned,
      3,
      [cpu(50, each(3, 500))],
      steady(3, "cpu is 500 %, target 50 %, wants 30, max is 3"),
    ],
    [
      "stays without load",
      pinned,
      3,
      [cpu(50, each(3, 0))],
      steady(3, "cpu is 0 %, target 50 %, wants 0, min is 3"),
    ],
    ["comes back from fewer", pinned, 2, [cpu(50, each(2, 0))], up(3, "it has fewer than min 3")],
    ["comes back from more", pinned, 5, [cpu(50, each(5, 99))], down(3, "it has more than max 3")],
  ]);
});

describe("zero replicas", () => {
  const fromZero = { min: 0, max: 5 };
  runs([
    [
      "a query starts the first ones",
      fromZero,
      0,
      [query(30, total(61))],
      up(3, "query is 61 in all, target 30, wants 3"),
    ],
    [
      "a query that is 0 leaves it",
      fromZero,
      0,
      [query(30, total(0))],
      steady(0, "query is 0 in all, target 30, wants 0"),
    ],
    [
      "a query that is 0 takes away the last ones",
      fromZero,
      2,
      [query(30, total(0))],
      down(0, "query is 0, target 30, wants 0"),
    ],
    [
      "a metric of tasks cannot start any, and a query can beside it",
      fromZero,
      0,
      [cpu(50, tasks()), query(30, total(30))],
      up(1, "cpu is missing: no task runs, query is 30 in all, target 30, wants 1"),
    ],
    [
      "a metric of tasks by itself leaves it",
      fromZero,
      0,
      [cpu(50, tasks())],
      held(0, "cpu is missing: no task runs; without a metric it is not scaled down"),
    ],
    [
      "off, even when Prometheus is down",
      { min: 2 },
      0,
      [cpu(50, DOWN)],
      {
        outcome: "off",
        desired: 0,
        reason: "it was scaled to 0, which turns autoscaling off; scale it to 1 or more",
      },
    ],
  ]);
});

describe("absurd targets and values", () => {
  runs([
    ...([0, -50, NaN, Infinity] as const).map((target): Case => [
      `the target ${target} is a metric that is missing`,
      {},
      4,
      [cpu(target, each(4, 100))],
      held(4, `cpu is missing: ${target} is no target; without a metric it is not scaled down`),
    ]),
    ...([NaN, Infinity, -Infinity, -1] as const).map((value): Case => [
      `the value ${value} is a metric that is missing`,
      {},
      4,
      [query(50, total(value))],
      held(4, `query is missing: ${value} is no amount; without a metric it is not scaled down`),
    ]),
    [
      "a huge value ends at max",
      { max: 7 },
      4,
      [query(1, total(1e300))],
      up(7, "query is 2.5e+299, target 1, wants 1e+300, max is 7"),
    ],
    [
      "more than numbers can hold ends at max",
      { max: 7 },
      4,
      [cpu(1e-300, each(4, 1e300))],
      up(7, "cpu is 1e+300 %, target 1e-300 %, wants Infinity, max is 7"),
    ],
    [
      "a huge target ends at min",
      { min: 2 },
      4,
      [cpu(1e300, each(4, 100))],
      down(2, "cpu is 100 %, target 1e+300 %, wants 0, min is 2"),
    ],
    ["a huge count ends at max", {}, 1e9, [cpu(50, DOWN)], down(100, "it has more than max 100")],
  ]);
});

/** What happens to a service, tick by tick, whose load is spread over its replicas. */
function simulate(settings: Partial<AutoscaleSettings>, start: number, loads: number[]): number[] {
  let current = start;
  let memory: Memory | undefined;
  return loads.map((load, tick) => {
    const decision: Decision = decide(
      { ...SETTINGS, ...settings },
      {
        nowSeconds: tick * 15,
        current,
        metrics: [cpu(50, load < 0 ? DOWN : each(current, load / current))],
      },
      memory,
    );
    const changed = decision.desired !== current;
    memory = changed ? { ...decision.memory, changedSeconds: tick * 15 } : decision.memory;
    return (current = decision.desired);
  });
}

const times = (count: number, ...loads: number[]) => Array<number[]>(count).fill(loads).flat();

describe("over time", () => {
  const minute = { windowDownSeconds: 60, max: 5 };

  test("load that flaps every tick does not make the replicas flap", () => {
    expect(simulate(minute, 4, times(20, 200, 20))).toEqual(times(40, 4));
  });

  test("load that flaps more slowly than the window does", () => {
    const load = [...times(5, 200), ...times(6, 20), ...times(5, 200)];
    expect(simulate(minute, 4, load)).toEqual([...times(8, 4), ...times(3, 1), ...times(5, 4)]);
  });

  test("with a window up, single peaks are left out", () => {
    const load = [...times(3, 50), 500, ...times(3, 50), ...times(4, 250)];
    expect(simulate({ ...minute, windowUpSeconds: 30 }, 1, load)).toEqual([
      ...times(8, 1),
      ...times(3, 5),
    ]);
  });

  test("from min to max and back: up at once, down when the window has passed", () => {
    const load = [...times(2, 20), ...times(4, 400), ...times(6, 20)];
    expect(simulate(minute, 1, load)).toEqual([...times(2, 1), ...times(7, 5), ...times(3, 1)]);
  });

  test("within a cooldown a second step waits", () => {
    const load = [...times(5, 100), ...times(5, 250)];
    expect(simulate({ ...minute, cooldownSeconds: 90 }, 1, load)).toEqual([
      ...times(6, 1),
      ...times(4, 5),
    ]);
  });

  test("while Prometheus is down nothing changes, and a window has to pass after it", () => {
    const load = [...times(2, 200), ...times(30, -1), ...times(6, 20)];
    expect(simulate(minute, 4, load)).toEqual([...times(35, 4), ...times(3, 1)]);
  });

  test("the memory does not grow", () => {
    let memory: Memory | undefined;
    for (let tick = 0; tick < 1000; tick++) {
      const seen = { nowSeconds: tick * 15, current: 2, metrics: [cpu(50, each(2, 50))] };
      memory = decide({ ...SETTINGS, windowDownSeconds: 300 }, seen, memory).memory;
    }
    expect(memory!.wanted.length).toBeLessThanOrEqual(21);
  });
});

test("the values for the record are what was seen, without what stood in for missing ones", () => {
  const { values } = decide(SETTINGS, {
    nowSeconds: 0,
    current: 4,
    metrics: [cpu(50, silent(2, 100, 200)), memory(50, DOWN), query(10, total(80))],
  });
  expect(values).toEqual([
    { name: "cpu", value: 150 },
    { name: "query", value: 20 },
  ]);
});

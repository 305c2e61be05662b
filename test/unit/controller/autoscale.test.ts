import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  AUTOSCALE_NAMES,
  AUTOSCALE_PREFIX,
  autoscaleLabels,
  parseAutoscale,
  type AutoscaleOptions,
  type AutoscaleSettings,
} from "../../../controller/autoscale";

/** Labels by their short names. */
const labels = (short: Record<string, string>) =>
  Object.fromEntries(
    Object.entries(short).map(([name, value]) => [AUTOSCALE_PREFIX + name, value]),
  );

const DEFAULTS = {
  min: 1,
  requestsMetric: "http_requests_total",
  tolerance: 0.1,
  windowUpSeconds: 0,
  windowDownSeconds: 300,
  cooldownSeconds: 0,
  dryRun: false,
};

describe("parseAutoscale", () => {
  test.each<[what: string, found: Record<string, string>]>([
    ["no labels", {}],
    ["labels of other programs", { "com.docker.stack.namespace": "shop", "swarm.autoscaler": "1" }],
  ])("%s: not autoscaled", (_, found) => {
    expect(parseAutoscale(found)).toBeUndefined();
  });

  test.each<[short: Record<string, string>, settings: Partial<AutoscaleSettings>]>([
    [
      { max: "5", cpu: "50" },
      { max: 5, cpuPercent: 50 },
    ],
    [
      { max: "5", min: "5", memory: "80.5" },
      { min: 5, max: 5, memoryPercent: 80.5 },
    ],
    [
      { max: "3", min: "3", requests: "0.5" },
      { min: 3, max: 3, requestsPerSecond: 0.5 },
    ],
    [
      { max: "9", requests: "20", "requests-metric": "app:requests_total" },
      { max: 9, requestsPerSecond: 20, requestsMetric: "app:requests_total" },
    ],
    [
      { max: "1000", min: "0", query: "sum(queue_length)", target: "30" },
      { max: 1000, min: 0, query: "sum(queue_length)", queryTarget: 30 },
    ],
    [
      {
        ...{ max: "5", cpu: "300", tolerance: "0", "window-up": "30", "window-down": "0" },
        ...{ cooldown: "3600", "dry-run": "true" },
      },
      {
        ...{ max: 5, cpuPercent: 300, tolerance: 0, windowUpSeconds: 30, windowDownSeconds: 0 },
        ...{ cooldownSeconds: 3600, dryRun: true },
      },
    ],
  ])("reads %j", (short, settings) => {
    const other = { "com.docker.stack.namespace": "shop" };
    expect(parseAutoscale({ ...labels(short), ...other })).toEqual({
      settings: { ...DEFAULTS, ...settings },
    });
  });

  const wholeNumber = (max: number, min = 0) => `write a whole number from ${min} to ${max}`;
  const percent = "write a number above 0 and up to 10000, such as 50";
  const good = { max: "5", cpu: "50" };

  test.each<[short: Record<string, string>, problem: string]>([
    [{ ...good, max: "0" }, `max: "0" is less than 1; ${wholeNumber(1000, 1)}`],
    [{ ...good, max: "1001" }, `max: "1001" is more than 1000; ${wholeNumber(1000, 1)}`],
    [{ ...good, max: "five" }, `max: "five" is not a whole number; ${wholeNumber(1000, 1)}`],
    [{ ...good, max: "" }, `max: "" is not a whole number; ${wholeNumber(1000, 1)}`],
    [{ ...good, max: "5.5" }, `max: "5.5" is not a whole number; ${wholeNumber(1000, 1)}`],
    [
      { ...good, max: "Infinity" },
      `max: "Infinity" is not a whole number; ${wholeNumber(1000, 1)}`,
    ],
    [{ ...good, min: "-1" }, `min: "-1" is less than 0; ${wholeNumber(1000)}`],
    [{ ...good, min: "6" }, 'min: "6" is more than the most replicas, 5; write at most 5'],
    [
      { ...good, min: "0" },
      'min: "0" needs a query, since tasks that are not there have no other metric; ' +
        "write 1, or add a query with its target",
    ],
    [{ cpu: "50" }, "max: is missing; write the most replicas that the service may have"],
    [{ max: "5" }, 'cpu: no target is set; write "50", or a target of memory, requests or a query'],
    [{ ...good, cpu: "0" }, `cpu: "0" would divide by nothing; ${percent}`],
    [{ ...good, cpu: "0.0" }, `cpu: "0.0" would divide by nothing; ${percent}`],
    [{ ...good, cpu: "-50" }, `cpu: "-50" is not a number; ${percent}`],
    [{ ...good, cpu: "50%" }, `cpu: "50%" is not a number; ${percent}`],
    [{ ...good, cpu: "NaN" }, `cpu: "NaN" is not a number; ${percent}`],
    [{ ...good, cpu: "1e3" }, `cpu: "1e3" is not a number; ${percent}`],
    [{ ...good, memory: "10001" }, `memory: "10001" is more than 10000; ${percent}`],
    [
      { ...good, requests: "0" },
      'requests: "0" would divide by nothing; write a number above 0 and up to 1000000000, such as 50',
    ],
    [
      { ...good, requests: "5", "requests-metric": "a-b" },
      'requests-metric: "a-b" is not the name of a metric; write one such as http_requests_total',
    ],
    [
      { ...good, "requests-metric": "app_requests_total" },
      "requests: is missing; write how many requests a second a replica may get",
    ],
    [
      { ...good, query: "", target: "1" },
      'query: "" is empty; write a PromQL expression with one value for the whole service',
    ],
    [{ ...good, query: "up ", target: "1" }, 'query: "up " has white space around it; write "up"'],
    [
      { ...good, query: "up" },
      "target: is missing; write the value of the query that one replica is good for",
    ],
    [
      { ...good, target: "3" },
      "query: is missing; write the PromQL expression that the target is for",
    ],
    [
      { ...good, tolerance: "1.5" },
      'tolerance: "1.5" is more than 1; write a number from 0 up to 1, such as 0.2',
    ],
    [{ ...good, "window-up": "1m" }, `window-up: "1m" is not a whole number; ${wholeNumber(3600)}`],
    [
      { ...good, "window-down": "3601" },
      `window-down: "3601" is more than 3600; ${wholeNumber(3600)}`,
    ],
    [{ ...good, cooldown: "-5" }, `cooldown: "-5" is less than 0; ${wholeNumber(3600)}`],
    [
      { ...good, "dry-run": "yes" },
      'dry-run: "yes" is neither true nor false; write true or false',
    ],
    [
      { ...good, "windows-down": "60" },
      'windows-down: "60" is set, but there is no such label; write swarm.autoscale.window-down, or remove it',
    ],
    [{ ...good, replicas: "3" }, 'replicas: "3" is set, but there is no such label; remove it'],
  ])("refuses %j", (short, problem) => {
    expect(parseAutoscale(labels(short))).toEqual({ problems: [AUTOSCALE_PREFIX + problem] });
  });

  test("says everything that is wrong at once", () => {
    const { problems } = parseAutoscale(
      labels({ min: "7", max: "5", memory: "lots", query: "up", "dry-run": "1", colour: "red" }),
    )!;
    expect(problems!.map((line) => line.split(": ")[0])).toEqual(
      ["colour", "memory", "dry-run", "min", "target"].map((name) => AUTOSCALE_PREFIX + name),
    );
  });
});

describe("autoscaleLabels", () => {
  test.each<[options: AutoscaleOptions, short: Record<string, string>]>([
    [
      { max: 5, cpuPercent: 50 },
      { max: "5", cpu: "50" },
    ],
    [
      { max: 5, min: 2, requestsPerSecond: 0.5, dryRun: false, windowDownSeconds: undefined },
      { max: "5", min: "2", requests: "0.5", "dry-run": "false" },
    ],
  ])("writes %j", (options, short) => {
    expect(autoscaleLabels(options)).toEqual(labels(short));
  });

  test("writes every setting so that it is read again", () => {
    const settings: Required<AutoscaleSettings> = {
      ...{ min: 2, max: 8, cpuPercent: 60, memoryPercent: 70, requestsPerSecond: 10 },
      ...{ requestsMetric: "app_total", query: 'sum(q{a="b,c"})', queryTarget: 30, tolerance: 0.2 },
      ...{ windowUpSeconds: 15, windowDownSeconds: 60, cooldownSeconds: 30, dryRun: true },
    };
    const written = autoscaleLabels(settings);
    expect(Object.keys(written)).toHaveLength(Object.keys(AUTOSCALE_NAMES).length);
    expect(parseAutoscale(written)).toEqual({ settings });
  });

  test.each<[options: AutoscaleOptions, message: string]>([
    [{ max: 5 }, "no target is set"],
    [{ max: 1, min: 2, cpuPercent: 50 }, '"2" is more than the most replicas, 1'],
    [{ max: 5, cpuPercent: NaN }, '"NaN" is not a number'],
    [{ max: Infinity, cpuPercent: 50 }, '"Infinity" is not a whole number'],
  ])("refuses %j", (options, message) => {
    expect(() => autoscaleLabels(options)).toThrow(message);
  });
});

test("docs/autoscaling.md has every label, in this order", () => {
  const page = readFileSync(join(__dirname, "..", "..", "..", "docs", "autoscaling.md"), "utf8");
  const rows = page.matchAll(/^\| `swarm\.autoscale\.([a-z-]+)` \|/gm);
  expect([...rows].map(([, name]) => name)).toEqual(Object.values(AUTOSCALE_NAMES));
});

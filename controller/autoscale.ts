import { closest, distance } from "fastest-levenshtein";
import { z } from "zod";
import { flag, integer, text } from "../components/machine/fields";

/*
 * How a service says that it is autoscaled: by labels, which `docs/autoscaling.md` has in a table.
 * The defaults of the windows and of the tolerance are those of the Kubernetes HorizontalPodAutoscaler:
 * https://kubernetes.io/docs/concepts/workloads/autoscaling/horizontal-pod-autoscale/
 */

/** What a service's autoscaling is told. At least one target has to be among it. */
export interface AutoscaleSettings {
  /** Fewest replicas; 0 only with a `query`. Default: 1. */
  min: number;
  /** Most replicas. */
  max: number;
  /** Target CPU use of a replica, in percent of its CPU reservation (without one: of its limit). */
  cpuPercent?: number;
  /** Target memory use of a replica, in percent of its memory reservation (without one: of its limit). */
  memoryPercent?: number;
  /** Target number of requests per second that a replica serves. */
  requestsPerSecond?: number;
  /** The counter of requests that its tasks export. Default: `http_requests_total`. */
  requestsMetric: string;
  /** A PromQL expression with one value for the whole service. Comes with `queryTarget`. */
  query?: string;
  /** The value of `query` that one replica is good for. */
  queryTarget?: number;
  /** Share that a metric may be off its target before anything changes. Default: 0.1. */
  tolerance: number;
  /** It scales up to the lowest recommendation of the last so many seconds. Default: 0. */
  windowUpSeconds: number;
  /** It scales down to the highest recommendation of the last so many seconds. Default: 300. */
  windowDownSeconds: number;
  /** For so many seconds after a change it changes nothing. Default: 0. */
  cooldownSeconds: number;
  /** Whether it only says what it would do. Default: false. */
  dryRun: boolean;
}

/** Settings as a program writes them: what has a default can be left out. */
export type AutoscaleOptions = Pick<AutoscaleSettings, "max"> & Partial<AutoscaleSettings>;

const DEFAULTS: Omit<AutoscaleSettings, "max"> = {
  min: 1,
  requestsMetric: "http_requests_total",
  tolerance: 0.1,
  windowUpSeconds: 0,
  windowDownSeconds: 300,
  cooldownSeconds: 0,
  dryRun: false,
};

/** What the names of all these labels begin with. */
export const AUTOSCALE_PREFIX = "swarm.autoscale.";

/** The label of each setting, without its prefix. */
export const AUTOSCALE_NAMES = {
  min: "min",
  max: "max",
  cpuPercent: "cpu",
  memoryPercent: "memory",
  requestsPerSecond: "requests",
  requestsMetric: "requests-metric",
  query: "query",
  queryTarget: "target",
  tolerance: "tolerance",
  windowUpSeconds: "window-up",
  windowDownSeconds: "window-down",
  cooldownSeconds: "cooldown",
  dryRun: "dry-run",
} satisfies Record<keyof AutoscaleSettings, string>;

const SETTINGS = Object.keys(AUTOSCALE_NAMES) as (keyof AutoscaleSettings)[];

/** A number above zero, or also zero, and up to `max`. */
function decimal(max: number, zero: "zero" | "no zero") {
  const from = zero === "zero" ? "from 0" : "above 0 and";
  const remedy = `write a number ${from} up to ${max}, such as ${max < 2 ? 0.2 : 50}`;
  return z
    .string()
    .regex(/^(0|[1-9]\d*)(\.\d+)?$/, `is not a number; ${remedy}`)
    .transform(Number)
    .refine((value) => value > 0 || zero === "zero", `would divide by nothing; ${remedy}`)
    .refine((value) => value <= max, `is more than ${max}; ${remedy}`);
}

// https://prometheus.io/docs/concepts/data_model/#metric-names-and-labels
const metricName = () =>
  text((name) =>
    /^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name)
      ? undefined
      : "is not the name of a metric; write one such as http_requests_total",
  );

const expression = () =>
  text((promql) =>
    promql ? undefined : "is empty; write a PromQL expression with one value for the whole service",
  );

/** The longest window of the HorizontalPodAutoscaler (autoscaling/v2, HPAScalingRules). */
const seconds = () => integer({ min: 0, max: 3600 });

const percent = () => decimal(10_000, "no zero");

const schema = {
  min: integer({ min: 0, max: 1000 }),
  max: integer({ min: 1, max: 1000 }),
  cpuPercent: percent(),
  memoryPercent: percent(),
  requestsPerSecond: decimal(1_000_000_000, "no zero"),
  requestsMetric: metricName(),
  query: expression(),
  queryTarget: decimal(1_000_000_000_000, "no zero"),
  tolerance: decimal(1, "zero"),
  windowUpSeconds: seconds(),
  windowDownSeconds: seconds(),
  cooldownSeconds: seconds(),
  dryRun: flag(),
} satisfies Record<keyof AutoscaleSettings, z.ZodType>;

/** Settings that hold together, or everything that is wrong with the labels. */
export type ParsedAutoscale =
  | { settings: AutoscaleSettings; problems?: undefined }
  | { settings?: undefined; problems: string[] };

/**
 * Reads a service's labels.
 *
 * @param labels all labels of the service; those of other programs do not matter
 * @returns undefined for a service that has none of these labels. Otherwise the settings, or the
 *   problems, one line each: the label, its value, what is wrong, what to write instead.
 */
export function parseAutoscale(labels: Record<string, string>): ParsedAutoscale | undefined {
  const own = Object.keys(labels).filter((label) => label.startsWith(AUTOSCALE_PREFIX));
  if (own.length === 0) return undefined;

  const problems = own.flatMap((label) => unknownLabel(label, labels[label]!));
  const good: Partial<AutoscaleSettings> = {};
  for (const setting of SETTINGS) {
    const label = labelOf(setting);
    const value = labels[label];
    if (value === undefined) continue;
    const result = schema[setting].safeParse(value);
    if (result.success) Object.assign(good, { [setting]: result.data });
    else problems.push(`${label}: ${JSON.stringify(value)} ${result.error.issues[0]!.message}`);
  }
  const given = (setting: keyof AutoscaleSettings) => labels[labelOf(setting)] !== undefined;
  problems.push(...togetherProblems(given, { ...DEFAULTS, ...good }));

  return problems.length > 0
    ? { problems }
    : { settings: { ...DEFAULTS, ...good } as AutoscaleSettings };
}

/**
 * The labels of a service that is autoscaled with these settings. What is left out has no label.
 *
 * @throws Error with every problem of the settings
 */
export function autoscaleLabels(options: AutoscaleOptions): Record<string, string> {
  const given = SETTINGS.filter((setting) => options[setting] !== undefined);
  const labels = Object.fromEntries(
    given.map((setting) => [labelOf(setting), String(options[setting])]),
  );
  const problems = parseAutoscale(labels)?.problems ?? [];
  if (problems.length > 0) {
    throw new Error(`Such a service cannot be autoscaled:\n  - ${problems.join("\n  - ")}`);
  }
  return labels;
}

function labelOf(setting: keyof AutoscaleSettings): string {
  return AUTOSCALE_PREFIX + AUTOSCALE_NAMES[setting];
}

function unknownLabel(label: string, value: string): string[] {
  const known = SETTINGS.map(labelOf);
  if (known.includes(label)) return [];
  const name = (full: string) => full.slice(AUTOSCALE_PREFIX.length);
  const nearest = closest(name(label), known.map(name));
  const alike = distance(name(label), nearest) <= nearest.length / 2;
  const remedy = alike ? `write ${AUTOSCALE_PREFIX}${nearest}, or remove it` : "remove it";
  return [`${label}: ${JSON.stringify(value)} is set, but there is no such label; ${remedy}`];
}

/** What is wrong between labels, each of them fine by itself. */
function togetherProblems(
  given: (setting: keyof AutoscaleSettings) => boolean,
  { min, max }: Partial<AutoscaleSettings>,
): string[] {
  const problems: string[] = [];
  const add = (setting: keyof AutoscaleSettings, message: string) =>
    problems.push(`${labelOf(setting)}: ${message}`);

  if (!given("max")) add("max", "is missing; write the most replicas that the service may have");
  if (min !== undefined && max !== undefined && min > max) {
    add("min", `"${min}" is more than the most replicas, ${max}; write at most ${max}`);
  }
  if (min === 0 && given("min") && !given("query")) {
    const remedy = "write 1, or add a query with its target";
    add("min", `"0" needs a query, since tasks that are not there have no other metric; ${remedy}`);
  }
  const targets = ["cpuPercent", "memoryPercent", "requestsPerSecond", "query"] as const;
  if (!targets.some(given)) {
    add("cpuPercent", 'no target is set; write "50", or a target of memory, requests or a query');
  }
  if (given("query") && !given("queryTarget")) {
    add("queryTarget", "is missing; write the value of the query that one replica is good for");
  }
  if (given("queryTarget") && !given("query")) {
    add("query", "is missing; write the PromQL expression that the target is for");
  }
  if (given("requestsMetric") && !given("requestsPerSecond")) {
    add("requestsPerSecond", "is missing; write how many requests a second a replica may get");
  }
  return problems;
}

/*
 * How many replicas a service should have: the algorithm of the Kubernetes HorizontalPodAutoscaler, as
 * its documentation has it under "Algorithm details":
 * https://kubernetes.io/docs/concepts/workloads/autoscaling/horizontal-pod-autoscale/
 *
 * Pure: what is known comes in, a decision with its reason goes out. Nothing here knows Docker,
 * Prometheus or the time of day.
 */
import type { AutoscaleSettings } from "./autoscale";

/** What is known of one metric, in the unit of its target. */
export type Reading =
  /** A value of each running task; `silent` more run without one. */
  | { kind: "tasks"; values: number[]; silent: number }
  /** One value for the whole service. */
  | { kind: "total"; value: number }
  /** Nothing, because of `why`. */
  | { kind: "missing"; why: string };

export interface Metric {
  name: string;
  /** For messages, such as ` %`. */
  unit: string;
  /** What one replica should have of it. */
  target: number;
  reading: Reading;
}

/** What is seen of a service at one moment. */
export interface Observation {
  nowSeconds: number;
  /** Replicas that the service is told to have. */
  current: number;
  metrics: Metric[];
}

/** What has to be kept from one decision to the next. */
export interface Memory {
  /** What was wanted before, oldest first. */
  wanted: { atSeconds: number; replicas: number }[];
  /** When its replicas were last changed. Whoever carries a decision out writes it down here. */
  changedSeconds: number;
}

/**
 * - `up`, `down`: change it.
 * - `steady`: it has what it should have.
 * - `held`: it should have more or fewer, or nobody can tell, and it is left as it is for now.
 * - `off`: somebody scaled it to 0.
 */
export type Outcome = "up" | "down" | "steady" | "held" | "off";

export interface Decision {
  outcome: Outcome;
  desired: number;
  /** What was seen, what was wanted, and why it is done or not. */
  reason: string;
  /** The average of a replica for each metric that has one, for the record. */
  values: { name: string; value: number }[];
  memory: Memory;
}

/** What one metric asks for; `replicas` is undefined where it cannot say. */
interface Want {
  replicas: number | undefined;
  value?: number;
  says: string;
}

/**
 * @param memory that of the last decision. Undefined for whoever starts to watch this service: they
 *   take it as if the current count had been wanted and set just now, so that nothing is scaled down
 *   before a full window has passed.
 */
export function decide(
  settings: AutoscaleSettings,
  { nowSeconds, current, metrics }: Observation,
  memory: Memory = {
    wanted: [{ atSeconds: nowSeconds, replicas: current }],
    changedSeconds: nowSeconds,
  },
): Decision {
  const { min, max } = settings;
  const wants = metrics.map((metric) => want(metric, current, settings.tolerance));
  const says = wants.map((each) => each.says).join(", ");
  const values = wants.flatMap(({ value }, i) =>
    value === undefined ? [] : [{ name: metrics[i]!.name, value }],
  );
  const answer = (desired: number, outcome: Outcome, reason: string, wanted = current) => ({
    outcome,
    desired,
    reason,
    values,
    memory: {
      ...memory,
      wanted: [
        ...recent(memory, settings, nowSeconds),
        { atSeconds: nowSeconds, replicas: wanted },
      ],
    },
  });

  // Scaled to 0 by hand: "implicit maintenance-mode deactivation".
  if (current === 0 && min > 0) {
    return answer(
      0,
      "off",
      "it was scaled to 0, which turns autoscaling off; scale it to 1 or more",
    );
  }
  // The bounds count at once, whatever the metrics, the windows and the cooldown say.
  if (current > max) return answer(max, "down", `it has more than max ${max}`, max);
  if (current < min) return answer(min, "up", `it has fewer than min ${min}`, min);

  // The highest of what the metrics ask for. Where one cannot say, never down.
  const counts = wants.flatMap(({ replicas }) => (replicas === undefined ? [] : [replicas]));
  const wanted = Math.max(...counts, counts.length < wants.length ? current : 0);
  const blind = counts.length < wants.length && wanted === current;
  if (blind) return answer(current, "held", `${says}; without a metric it is not scaled down`);

  const within = Math.min(Math.max(wanted, min), max);
  const bound = within === wanted ? "" : wanted > max ? `, max is ${max}` : `, min is ${min}`;
  const wish = says + bound;
  if (within === current) return answer(current, "steady", wish, wanted);

  // Up to the lowest, down to the highest that was wanted within the window.
  const up = within > current;
  const windowSeconds = up ? settings.windowUpSeconds : settings.windowDownSeconds;
  const inWindow = memory.wanted
    .filter(({ atSeconds }) => nowSeconds - atSeconds < windowSeconds)
    .map(({ replicas }) => replicas);
  const stable = up ? Math.min(wanted, ...inWindow) : Math.max(wanted, ...inWindow);
  const desired = up
    ? Math.max(current, Math.min(stable, max))
    : Math.min(current, Math.max(stable, min));
  const waits =
    stable === wanted
      ? ""
      : `; the ${up ? "lowest" : "highest"} that was wanted in the last ${windowSeconds} s is ${stable}`;
  if (desired === current) return answer(current, "held", wish + waits, wanted);

  const left = memory.changedSeconds + settings.cooldownSeconds - nowSeconds;
  if (settings.cooldownSeconds > 0 && left > 0) {
    const rest = `${Math.ceil(left)} s of ${settings.cooldownSeconds} s`;
    return answer(current, "held", `${wish}${waits}; ${rest} of the cooldown are left`, wanted);
  }
  return answer(desired, up ? "up" : "down", wish + waits, wanted);
}

/** What one metric asks for. */
function want(metric: Metric, current: number, tolerance: number): Want {
  const { name, unit, target, reading } = metric;
  const missing = (why: string): Want => ({
    replicas: undefined,
    says: `${name} is missing: ${why}`,
  });

  if (reading.kind === "missing") return missing(reading.why);
  if (!(target > 0 && target < Infinity)) return missing(`${target} is no target`);
  if (reading.kind === "total") {
    if (!usable(reading.value)) return missing(`${reading.value} is no amount`);
    // Nobody is there to share it: as many as it takes.
    if (current === 0) {
      const replicas = roundUp(reading.value / target);
      const seen = `${name} is ${show(reading.value)}${unit} in all, target ${show(target)}${unit}`;
      return { replicas, value: reading.value, says: `${seen}, wants ${replicas}` };
    }
  } else if (current === 0) {
    return missing("no task runs");
  }

  const known =
    reading.kind === "total" ? [reading.value / current] : reading.values.filter(usable);
  if (known.length === 0) return missing("no running task has a value");
  const value = sum(known) / known.length;
  const seen = `${name} is ${show(value)}${unit}, target ${show(target)}${unit}`;
  const ratio = value / target;

  const { ratio: careful, note } =
    reading.kind === "total"
      ? { ratio, note: "" }
      : carefulRatio(known, reading.values.length + reading.silent, current, target, ratio);

  const within = Math.abs(round(careful - 1)) <= tolerance;
  const reversed = (ratio - 1) * (careful - 1) < 0;
  const replicas = within || reversed ? current : roundUp(current * careful);
  const because = reversed ? ", which turns it round" : within ? ", within the tolerance" : "";
  return { replicas, value, says: `${seen}${note}${because}, wants ${show(replicas)}` };
}

/**
 * The ratio once more, with those that have no value taken so that less happens: as on target if it
 * goes down, as idle if it goes up. Tasks that are not running yet count for the latter only.
 */
function carefulRatio(
  known: number[],
  running: number,
  current: number,
  target: number,
  ratio: number,
): { ratio: number; note: string } {
  const silent = running - known.length;
  const starting = Math.max(0, current - running);
  const [extra, each, as] =
    ratio > 1
      ? [silent + starting, 0, "idle"]
      : ratio < 1
        ? [silent, target, "on target"]
        : [0, 0, ""];
  if (extra === 0) return { ratio, note: "" };
  const average = (sum(known) + extra * each) / (known.length + extra);
  return {
    ratio: average / target,
    note: ` with ${extra} of ${known.length + extra} tasks without a value taken as ${as}`,
  };
}

/** What of the memory still matters. */
function recent({ wanted }: Memory, settings: AutoscaleSettings, nowSeconds: number) {
  const longest = Math.max(settings.windowUpSeconds, settings.windowDownSeconds);
  return wanted.filter(({ atSeconds }) => nowSeconds - atSeconds < longest);
}

/** Division by zero, a negative rate and the like say nothing about load. */
function usable(value: number): boolean {
  return Number.isFinite(value) && value >= 0;
}

function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** To a millionth: 1.1 / 0.1 is 11, and not a little more, which would be rounded up to 12. */
function round(value: number): number {
  return Number(value.toFixed(6));
}

function roundUp(value: number): number {
  return Math.ceil(round(value));
}

function show(value: number): string {
  return String(value >= 100 ? Math.round(value) : Number(value.toPrecision(3)));
}

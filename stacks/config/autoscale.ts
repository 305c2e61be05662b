import {
  AUTOSCALE_NAMES,
  AUTOSCALE_PREFIX,
  parseAutoscale,
  type AutoscaleOptions,
} from "../../controller/autoscale";
import { text } from "../../components/machine/fields";

const EXAMPLE = "write one such as max=5,cpu=50, or nothing";

/** The labels that a list such as `max=5,cpu=50` stands for; undefined for text that is no list. */
function labelsOf(list: string): Record<string, string> | undefined {
  const entries = list.split(",").map((entry) => /^([^=]+)=(.+)$/.exec(entry.trim()));
  if (entries.includes(null)) return undefined;
  const pairs = entries.map((entry) => [AUTOSCALE_PREFIX + entry![1], entry![2]!] as const);
  const once = new Set(pairs.map(([label]) => label)).size === pairs.length;
  return once ? Object.fromEntries(pairs) : undefined;
}

function problem(list: string): string | undefined {
  if (list === "") return undefined;
  const labels = labelsOf(list);
  if (!labels) return `is no list of NAME=VALUE, each name once; ${EXAMPLE}`;
  const problems = parseAutoscale(labels)?.problems;
  return problems && `is no autoscaling: ${problems.join("; ").replaceAll(AUTOSCALE_PREFIX, "")}`;
}

/** What of it was said, so that what was not has no label either. */
function optionsOf(list: string): AutoscaleOptions | undefined {
  if (list === "") return undefined;
  const labels = labelsOf(list)!;
  const { settings } = parseAutoscale(labels)!;
  const said = Object.entries(settings!).filter(
    ([key]) => AUTOSCALE_PREFIX + AUTOSCALE_NAMES[key as keyof AutoscaleOptions] in labels,
  );
  return Object.fromEntries(said) as unknown as AutoscaleOptions;
}

/** How a service is autoscaled, as names of labels without their prefix and values; empty: not. */
export function autoscaleList() {
  return text(problem).transform(optionsOf);
}

import type { Cluster } from "../cluster";
import type { Check, CheckResult } from "./check";

export type { CheckResult };
import { nodeChecks } from "./nodes";

/** Every check there is, in the order in which a report reads best. */
export const checks: Check[] = [...nodeChecks];

/** Runs all checks one after another, failed ones included. */
export async function runChecks(cluster: Cluster): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  for (const check of checks) {
    const started = performance.now();
    const failure = await check.run(cluster).then(
      () => undefined,
      (error: Error) => error.message,
    );
    const seconds = (performance.now() - started) / 1000;
    results.push({ name: check.name, seconds, ...(failure === undefined ? {} : { failure }) });
  }
  return results;
}

/** A line for each check, and what was seen under those that failed. */
export function report(results: CheckResult[]): string {
  return results
    .map(({ name, seconds, failure }) => {
      const line = `${failure === undefined ? "ok  " : "FAIL"} ${name} (${seconds.toFixed(1)} s)`;
      return failure === undefined ? line : `${line}\n     ${failure}`;
    })
    .join("\n");
}

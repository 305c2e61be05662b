import type { Cluster } from "./cluster";
import type { StackOutputs } from "../stacks/outputs";
import { apiChecks } from "./api";
import { backupChecks } from "./backups";
import type { Check, CheckResult } from "./check";
import { containerChecks } from "./containers";
import { firewallChecks } from "./firewall";
import { monitoringChecks } from "./monitoring";
import { networkChecks } from "./networks";
import { nodeChecks } from "./nodes";
import { overlayChecks } from "./overlay";
import { portainerChecks } from "./portainer";
import { serviceChecks } from "./services";
import { trafficChecks } from "./traffic";
import { webChecks } from "./web";

export type { CheckResult };

/** Every check there is, in the order in which a report reads best. */
export const checks: Check[] = [
  ...nodeChecks,
  ...networkChecks,
  ...serviceChecks,
  ...webChecks,
  ...trafficChecks,
  ...portainerChecks,
  ...overlayChecks,
  ...apiChecks,
  ...firewallChecks,
  ...containerChecks,
  ...backupChecks,
  ...monitoringChecks,
];

/** The checks of what a stack has: what its config switches off is not in the list. */
export function checksFor(outputs: StackOutputs): Check[] {
  return checks.filter(({ applies }) => applies?.(outputs) ?? true);
}

/** Runs the checks of what the stack has one after another, after a failed one too. */
export async function runChecks(cluster: Cluster): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  for (const check of checksFor(cluster.outputs)) {
    const started = performance.now();
    const outcome = await check.run(cluster).then(
      (note) => (note ? { note } : {}),
      (error: Error) => ({ failure: error.message }),
    );
    results.push({ name: check.name, seconds: (performance.now() - started) / 1000, ...outcome });
  }
  return results;
}

/** A line for each check, its note behind it, and what was seen under those that failed. */
export function report(results: CheckResult[]): string {
  return results
    .map(({ name, seconds, note, failure }) => {
      const mark = failure === undefined ? "ok  " : "FAIL";
      const line = `${mark} ${name} (${seconds.toFixed(1)} s)`;
      if (failure !== undefined) return `${line}\n     ${failure.replaceAll("\n", "\n     ")}`;
      return note === undefined ? line : `${line}: ${note}`;
    })
    .join("\n");
}

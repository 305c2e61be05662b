import { plot } from "asciichart";
import type { Sample } from "./replicas";
import { failures } from "./requests";
import type { Surge } from "./surge";

/** Columns of the chart. */
const WIDTH = 72;

/** What a load did to a service: a chart of its replicas over time, and the figures. */
export function surgeReport(surge: Surge): string {
  const { answers, bounds, loadSeconds, secondsToMax, secondsToMin } = surge;
  const took = (seconds: number | undefined) => (seconds === undefined ? "never" : `${seconds} s`);
  const failed = Object.entries(answers.failed).map(([what, count]) => `\n  ${count}: ${what}`);
  return [
    replicaChart(surge.samples, loadSeconds),
    "",
    `to ${bounds.max} replicas, from the beginning of the load: ${took(secondsToMax)}`,
    `back to ${bounds.min}, from its end: ${took(secondsToMin)}`,
    `requests: ${answers.requests}, failed: ${failures(answers)}${failed.join("")}`,
  ].join("\n");
}

/** Replicas that run over time, and below when there was a load. */
export function replicaChart(samples: Sample[], loadSeconds: number): string {
  const last = samples.at(-1)?.seconds ?? 0;
  const columns = Math.max(1, Math.min(WIDTH, last));
  const perColumn = Math.max(1, last / columns);
  const running: number[] = [];
  for (let column = 0, at = 0; column <= columns; column++) {
    // The newest look by then; where there was none, the one before holds.
    while (at + 1 < samples.length && samples[at + 1]!.seconds <= column * perColumn) at++;
    running.push(samples[at]?.running ?? 0);
  }
  const label = (replicas: number) => `${Math.round(replicas)}`.padStart(5);
  const loaded = Math.min(columns, Math.round(loadSeconds / perColumn));
  return [
    plot(running, { format: label }).replaceAll(/ +$/gm, ""),
    ` load ${"━".repeat(loaded)}${" ".repeat(columns - loaded)} ${last} s`,
  ].join("\n");
}

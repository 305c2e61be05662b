import { plot } from "asciichart";
import type { Sample } from "./replicas";
import type { Failure } from "./requests";
import type { Surge } from "./surge";

/** Columns of the chart. */
const WIDTH = 72;

/** Requests that failed of which each is told. */
const FAILURES = 20;

/** What a load did to a service: a chart of its replicas over time, and the figures. */
export function surgeReport(surge: Surge): string {
  const { answers, bounds, loadSeconds, secondsToMax, secondsToMin } = surge;
  const took = (seconds: number | undefined) => (seconds === undefined ? "never" : `${seconds} s`);
  const { requests, failed } = answers;
  return [
    replicaChart(surge.samples, loadSeconds),
    "",
    `to ${bounds.max} replicas, from the beginning of the load: ${took(secondsToMax)}`,
    `back to ${bounds.min}, from its end: ${took(secondsToMin)}`,
    `requests: ${requests}, failed: ${failed.length}`,
    ...failed.slice(0, FAILURES).map(failureLine),
  ].join("\n");
}

const failureLine = ({ at, host, problem }: Failure) =>
  `  ${at.toISOString().slice(11, 19)} UTC by ${host}: ${problem}`;

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

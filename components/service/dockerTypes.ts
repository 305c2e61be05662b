/** Notations that several inputs of @pulumi/docker share. */
import { z } from "zod";

/** Nanoseconds in each unit of Go's durations. */
const UNITS = { ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };

/** A duration such as `1m30s` or `500ms`, read as the API's nanoseconds. */
export const duration = z
  .string()
  .regex(/^(0|(\d+(ms|s|m|h))+)$/, "not a duration like 1m30s or 500ms")
  .transform((text) =>
    [...text.matchAll(/(\d+)(ms|s|m|h)/g)].reduce(
      (sum, [, amount, unit]) => sum + Number(amount) * UNITS[unit as keyof typeof UNITS],
      0,
    ),
  );

export const labels = z.array(z.strictObject({ label: z.string(), value: z.string() })).default([]);

/** As the API wants them. */
export function labelMap(list: z.infer<typeof labels>): Record<string, string> {
  return Object.fromEntries(list.map(({ label, value }) => [label, value]));
}

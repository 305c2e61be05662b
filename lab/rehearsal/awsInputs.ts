/** What the executors for AWS have in common. */
import { randomBytes } from "node:crypto";
import { z } from "zod";
import { readInputs, type Executor, type Outputs } from "./executor";

export const tags = z.record(z.string(), z.string()).default({});

/** An executor that takes these properties and no others. */
export function creates<Shape extends z.ZodRawShape>(
  shape: Shape,
  create: (inputs: z.infer<z.ZodObject<Shape>>, name: string) => Promise<Outputs>,
): Executor {
  const schema = z.strictObject(shape) as unknown as z.ZodType<z.infer<z.ZodObject<Shape>>>;
  return async (task) => create(readInputs(schema, task), task.name);
}

/** Tags in the SDK's form. */
export function tagList(values: Record<string, string>): { Key: string; Value: string }[] {
  return Object.entries(values).map(([Key, Value]) => ({ Key, Value }));
}

/** A name like those that Pulumi gives where the program gives none. */
export function autoName(name: string): string {
  return `${name}-${randomBytes(4).toString("hex").slice(1)}`;
}

/** What AWS has to answer with. */
export function given<T>(value: T | undefined | null, what: string): T {
  if (value === undefined || value === null) throw new Error(`AWS answered without ${what}`);
  return value;
}

/** Makes a client when it is first needed, and keeps it: its settings come from the environment. */
export function lazy<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}

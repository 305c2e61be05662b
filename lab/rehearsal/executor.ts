/** What the engine and its executors agree on. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { z } from "zod";

/** One resource to create. */
export interface Task {
  /** Pulumi's type token, for example `command:remote:Command`. */
  readonly type: string;
  /** The resource's logical name. */
  readonly name: string;
  /** As the SDK sends them: camelCase, outputs resolved, secrets unwrapped. */
  readonly inputs: Record<string, unknown>;
  /** Inputs of the explicit provider that the resource was given, if any. */
  readonly provider: Record<string, unknown> | undefined;
  /** The Pulumi project's folder. */
  readonly projectDir: string;
  /** Aborted when the resource's time is up or the run has failed elsewhere. */
  readonly signal: AbortSignal;
}

/** The outputs beside the inputs (which Pulumi adds itself), and the provider's ID. */
export type Outputs = { readonly id: string } & Record<string, unknown>;

/** Creates one resource for real, or throws what the tool had to say. */
export type Executor = (task: Task) => Promise<Outputs>;

/** Answers a call of a provider's function, which makes nothing. */
export type Call = (inputs: Record<string, unknown>) => Promise<Record<string, unknown>>;

/** The task's inputs, checked: a property that the schema does not know is an error. */
export function readInputs<T>(schema: z.ZodType<T>, task: Task): T {
  const result = schema.safeParse(task.inputs);
  if (!result.success) {
    throw new Error(
      `inputs that the rehearsal engine cannot honour: ${z.prettifyError(result.error)}`,
    );
  }
  return result.data;
}

/** `execFile` with a promise; the child is reachable as `.child` while it runs. */
export const run = promisify(execFile);

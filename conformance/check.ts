import { setTimeout as sleep } from "node:timers/promises";
import type { Cluster } from "./cluster";
import type { StackOutputs } from "../stacks/outputs";

/** Something that users of a swarm rely on. */
export interface Check {
  /** What they rely on, as a sentence. */
  name: string;
  /** Whether the stack has what it is about. Default: every stack has. */
  applies?(outputs: StackOutputs): boolean;
  /**
   * Resolves when it holds, with a note for the report where there is something to add; rejects
   * with what was seen instead.
   */
  run(cluster: Cluster): Promise<string | void>;
}

export interface CheckResult {
  name: string;
  seconds: number;
  /** What the check has to add; absent when it has nothing. */
  note?: string;
  /** What was seen instead; absent when the check holds. */
  failure?: string;
}

/** How long a check waits for what comes a moment later: emulated nodes are slow. */
const PATIENCE_SECONDS = 60;

/** Throws with what was seen, unless it is what is wanted. */
export function expectSame(what: string, seen: unknown, wanted: unknown): void {
  const [got, want] = [seen, wanted].map((value) => JSON.stringify(value, null, 1));
  if (got !== want) throw new Error(`${what}: wanted ${want}, saw ${got}`);
}

/** Throws with the problems, one a line, if there are any. */
export function expectNone(problems: string[]): void {
  if (problems.length > 0) throw new Error(problems.join("\n"));
}

/** Looks at all items side by side; rejects with what is wrong with any of them, one a line. */
export async function expectEach<T>(
  items: T[],
  look: (item: T) => Promise<unknown>,
): Promise<void> {
  const results = await Promise.allSettled(items.map(look));
  expectNone(
    results.flatMap((result) =>
      result.status === "rejected" ? [(result.reason as Error).message] : [],
    ),
  );
}

/** Looks again and again until it does not throw; after the bound, rejects as the last look did. */
export async function eventually<T>(
  look: () => Promise<T>,
  seconds = PATIENCE_SECONDS,
): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    try {
      return await look();
    } catch (error) {
      if (Date.now() >= deadline) throw error;
    }
    await sleep(1000);
  }
}

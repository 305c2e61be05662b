import type { Cluster } from "../cluster";

/** Something that users of a swarm rely on. */
export interface Check {
  /** What they rely on, as a sentence. */
  name: string;
  /** Resolves when it holds; rejects with what was seen instead. */
  run(cluster: Cluster): Promise<void>;
}

export interface CheckResult {
  name: string;
  seconds: number;
  /** What was seen instead; absent when the check holds. */
  failure?: string;
}

/** Throws with what was seen, unless it is what is wanted. */
export function expectSame(what: string, seen: unknown, wanted: unknown): void {
  const [got, want] = [seen, wanted].map((value) => JSON.stringify(value, null, 1));
  if (got !== want) throw new Error(`${what}: wanted ${want}, saw ${got}`);
}

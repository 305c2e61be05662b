import diff from "microdiff";
import type { Swarm } from "./wanted";

/** What is not as it should be, a line each: where, what the program wants, what there is. */
export function differences(want: Swarm, have: Swarm): string[] {
  return diff(want, have).map((change) => {
    const where = change.path.join(".");
    switch (change.type) {
      case "CREATE":
        return `${where}: is ${show(change.value)}, and the program has none`;
      case "REMOVE":
        return `${where}: is missing; the program has ${show(change.oldValue)}`;
      case "CHANGE":
        return `${where}: is ${show(change.value)}; the program has ${show(change.oldValue)}`;
    }
  });
}

function show(value: unknown): string {
  return JSON.stringify(value);
}

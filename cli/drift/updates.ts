import type { Cluster } from "../../conformance/cluster";
import type { NodeOutput } from "../../stacks/outputs";

/** What a node says of its packages, in the words of components/swarm/scripts/updates.sh. */
export interface Updates {
  /** The package mirror has answered just now. */
  fresh: boolean;
  /** When it last did, in seconds since 1970; 0: never. */
  checkedSeconds: number;
  packages: {
    name: string;
    installed: string;
    newer: string;
    security: boolean;
    /** When that was first seen. */
    sinceSeconds: number;
  }[];
}

/** Which nodes lack updates, and which lack updates of security, a line each. */
export interface UpdatesReport {
  security: string[];
  /** Nothing that somebody has to do something about today. */
  notes: string[];
}

/** Looks on every node at the same time. A node that cannot say has a note. */
export async function updatesReport(cluster: Cluster): Promise<UpdatesReport> {
  const all = await Promise.all(cluster.nodes.map((node) => ofNode(cluster, node)));
  return {
    security: all.flatMap(({ security }) => security),
    notes: all.flatMap(({ notes }) => notes),
  };
}

async function ofNode(cluster: Cluster, node: NodeOutput): Promise<UpdatesReport> {
  try {
    const said = await cluster.run(node, "/usr/local/sbin/swarm-updates");
    return report(node.name, parseUpdates(said));
  } catch (error) {
    const [first] = (error as Error).message.split("\n");
    return { security: [], notes: [`${node.name}: does not say which updates it lacks: ${first}`] };
  }
}

export function parseUpdates(said: string): Updates {
  const [first = "", ...lines] = said.trim().split("\n");
  const [state, checked] = first.split(" ");
  return {
    fresh: state === "fresh",
    checkedSeconds: Number(checked),
    packages: lines.map((line) => {
      const [name = "", installed = "", newer = "", kind, since] = line.split(" ");
      return {
        name,
        installed,
        newer,
        security: kind === "security",
        sinceSeconds: Number(since),
      };
    }),
  };
}

export function report(node: string, { fresh, checkedSeconds, packages }: Updates): UpdatesReport {
  const lines = (security: boolean) =>
    packages
      .filter((each) => each.security === security)
      .map(
        ({ name, installed, newer, sinceSeconds }) =>
          `${node} lacks ${security ? "a security update" : "an update"}: ` +
          `${name} ${installed}, newer is ${newer}, seen since ${day(sinceSeconds)}`,
      );
  const last = checkedSeconds === 0 ? "never did" : `last did on ${day(checkedSeconds)}`;
  const stale = fresh
    ? []
    : [`${node}: its package mirror does not answer, and ${last}: it may lack more updates`];
  return { security: lines(true), notes: [...lines(false), ...stale] };
}

function day(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 10);
}

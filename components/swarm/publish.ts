/** How a port of a service is reached from outside. */
export interface Publish {
  /** `ingress`: on every node, through the routing mesh. `host`: on the nodes that run a task. */
  mode: "ingress" | "host";
  protocol: "tcp" | "udp";
  /** The port on the node. */
  published: number;
  /** The port in the container. */
  target: number;
}

/** What lists of published ports look like, for messages. */
export const PUBLISH_EXAMPLE = "8080:80 or 80:80,host:53:53/udp";

const PORT = /^(?:(host):)?([1-9]\d{0,4}):([1-9]\d{0,4})(?:\/(tcp|udp))?$/;

/**
 * Reads a list of published ports: `[host:]PUBLISHED:TARGET[/udp]`, with commas between them.
 * Without `host:` a port is published through the routing mesh, without `/udp` it is TCP.
 *
 * @returns undefined for text that is no such list. Empty text is an empty list.
 */
export function parsePublish(list: string): Publish[] | undefined {
  if (list.trim() === "") return [];
  const ports = list.split(",").map((item) => parsePort(item.trim()));
  return ports.includes(undefined) ? undefined : (ports as Publish[]);
}

function parsePort(item: string): Publish | undefined {
  const match = PORT.exec(item);
  if (!match) return undefined;
  const [published, target] = [Number(match[2]), Number(match[3])];
  if (published > 65535 || target > 65535) return undefined;
  return {
    mode: match[1] ? "host" : "ingress",
    protocol: match[4] === "udp" ? "udp" : "tcp",
    published,
    target,
  };
}

/** The port that a node has for it, for example `53/udp`. Two services cannot have the same. */
export function portOf({ published, protocol }: Pick<Publish, "published" | "protocol">): string {
  return `${published}/${protocol}`;
}

/** The TCP ports that every node answers on, by the routing mesh. */
export function meshTcpPorts(ports: Pick<Publish, "mode" | "protocol" | "published">[]): number[] {
  return ports
    .filter(({ mode, protocol }) => mode === "ingress" && protocol === "tcp")
    .map(({ published }) => published);
}

/** Ports of the nodes' own, which a service cannot publish. */
export const NODE_PORTS: Record<string, string> = {
  "22/tcp": "SSH",
  "2376/tcp": "the engine's API",
  "2377/tcp": "the swarm's managers",
  "4789/udp": "overlay networks",
  "7946/tcp": "the swarm's gossip",
  "7946/udp": "the swarm's gossip",
  "9323/tcp": "the engine's metrics",
};

/** A port that nodes have open for a service. */
export interface OpenPort extends Pick<Publish, "mode" | "protocol" | "published"> {
  /** Whether it is a page for administrators (components/service/plan.ts). */
  management?: true;
}

/** The ports that are for users: those that are no management pages. */
export function usersPorts(published: OpenPort[]): OpenPort[] {
  return published.filter(({ management }) => !management);
}

import type { Cluster } from "./cluster";
import type { NodeOutput } from "../stacks/outputs";
import { expectSame, type Check } from "./check";

/** A row of `docker node ls`, as far as it is the same from wherever one looks. */
interface NodeRow {
  name: string;
  status: string;
  availability: string;
  /** `Leader`, `Reachable`, `Unreachable`, or empty for a worker. */
  managerStatus: string;
}

/** The nodes as one manager lists them, sorted by name. */
export async function listNodes(cluster: Cluster, manager: NodeOutput): Promise<NodeRow[]> {
  const lines = await cluster.run(manager, "docker node ls --format json");
  return lines
    .split("\n")
    .map((line) => JSON.parse(line))
    .map(({ Hostname, Status, Availability, ManagerStatus }) => ({
      name: Hostname,
      status: Status,
      availability: Availability,
      managerStatus: ManagerStatus,
    }))
    .sort((a, b) => a.name.localeCompare(b.name));
}

const allReady: Check = {
  name: "every planned node is a Ready member, and no other",
  async run(cluster) {
    const seen = await listNodes(cluster, cluster.managers[0]!);
    expectSame(
      "nodes",
      seen.map(({ name, status, availability }) => ({ name, status, availability })),
      cluster.nodes
        .map(({ name, availability }) => ({
          name,
          status: "Ready",
          availability: availability === "drain" ? "Drain" : "Active",
        }))
        .sort((a, b) => a.name.localeCompare(b.name)),
    );
  },
};

const oneLeader: Check = {
  name: "there is exactly one leader, and every other manager is reachable",
  async run(cluster) {
    const seen = await listNodes(cluster, cluster.managers[0]!);
    const managers = seen.filter(({ managerStatus }) => managerStatus !== "");
    expectSame(
      "managers",
      managers.map(({ name }) => name),
      cluster.managers.map(({ name }) => name).sort(),
    );
    expectSame("manager status", managers.map(({ managerStatus }) => managerStatus).sort(), [
      "Leader",
      ...cluster.managers.slice(1).map(() => "Reachable"),
    ]);
  },
};

const sameFromEverywhere: Check = {
  name: "every manager lists the same nodes",
  async run(cluster) {
    const [first, ...others] = await Promise.all(
      cluster.managers.map((manager) => listNodes(cluster, manager)),
    );
    for (const [i, list] of others.entries()) {
      expectSame(`nodes listed by ${cluster.managers[i + 1]!.name}`, list, first);
    }
  },
};

const internalAddresses: Check = {
  name: "every node advertises its internal address",
  async run(cluster) {
    const addresses = await Promise.all(
      cluster.nodes.map((node) => cluster.run(node, "docker info --format '{{.Swarm.NodeAddr}}'")),
    );
    expectSame(
      "advertise addresses",
      Object.fromEntries(cluster.nodes.map(({ name }, i) => [name, addresses[i]])),
      Object.fromEntries(
        cluster.nodes.map(({ name, advertiseAddress }) => [name, advertiseAddress]),
      ),
    );
  },
};

/** Membership: who is in the swarm, in which role, under which address. */
export const nodeChecks: Check[] = [allReady, oneLeader, sameFromEverywhere, internalAddresses];

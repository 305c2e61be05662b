import type { Cluster } from "./cluster";
import type { NodeOutput } from "../stacks/outputs";
import { expectNone, type Check } from "./check";
import { requestWeb, webPort } from "./web";

/** Packets that came in from other nodes, since the firewall was loaded. */
export interface Traffic {
  /** Encrypted: IPsec's ESP. */
  esp: number;
  /** Readable by anyone on the way: VXLAN that did not come out of ESP. */
  clear: number;
}

/** Reads the output of `nft --json list counters table inet swarm`. */
export function parseCounters(json: string): Traffic {
  const counters: { name: string; packets: number }[] = JSON.parse(json).nftables.flatMap(
    (item: Record<string, never>) => item.counter ?? [],
  );
  const packets = (name: string) => {
    const counter = counters.find((one) => one.name === name);
    if (!counter) throw new Error(`the firewall has no counter ${name}`);
    return counter.packets;
  };
  return { esp: packets("esp_in"), clear: packets("clear_vxlan_in") };
}

async function readTraffic(cluster: Cluster, node: NodeOutput): Promise<Traffic> {
  return parseCounters(await cluster.run(node, "nft --json list counters table inet swarm"));
}

/** What is wrong with packets that came in under load, by node. */
export function clearTraffic(growth: Record<string, Traffic>): string[] {
  const nodes = Object.entries(growth);
  const problems = nodes
    .filter(([, { clear }]) => clear > 0)
    .map(([name, { clear }]) => `${name} received ${clear} packets of clear VXLAN`);
  const encrypted = nodes.filter(([, { esp }]) => esp > 0).map(([name]) => name);
  if (encrypted.length < 2) {
    const where = encrypted.length === 0 ? "no node" : `${encrypted[0]} alone`;
    problems.push(`under load on web, ${where} received ESP packets; at least two nodes should`);
  }
  return problems;
}

const encrypted: Check = {
  name: "requests to web travel between nodes as ESP and never as clear VXLAN",
  applies: (outputs) =>
    outputs.ingress.encrypted && outputs.nodes.length > 1 && webPort(outputs) !== undefined,
  async run(cluster) {
    const { nodes } = cluster;
    const before = await Promise.all(nodes.map((node) => readTraffic(cluster, node)));
    await Promise.all(nodes.map((node) => requestWeb(cluster, node)));
    const after = await Promise.all(nodes.map((node) => readTraffic(cluster, node)));
    const growth = nodes.map(({ name }, i): [string, Traffic] => [
      name,
      { esp: after[i]!.esp - before[i]!.esp, clear: after[i]!.clear - before[i]!.clear },
    ]);
    expectNone(clearTraffic(Object.fromEntries(growth)));
    return `${growth.reduce((sum, [, { esp }]) => sum + esp, 0)} ESP packets`;
  },
};

/** What can be read on the network between the nodes. */
export const trafficChecks: Check[] = [encrypted];

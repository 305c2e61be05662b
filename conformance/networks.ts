import type { Cluster } from "./cluster";
import type { NodeOutput } from "../stacks/outputs";
import { eventually, expectEach, expectSame, type Check } from "./check";
import { parseNetworks, runShell, runWords, type NetworkSeen } from "./docker";

const MTU = "com.docker.network.driver.mtu";
const BRIDGE = "com.docker.network.bridge";

/** What the checks compare of an ingress network. */
export function ingressSettings({ id, name, subnet, gateway, options, endpoints }: NetworkSeen) {
  const encrypted = "encrypted" in options && options.encrypted !== "false";
  return {
    id,
    name,
    subnet,
    gateway,
    mtu: Number(options[MTU] ?? 1500),
    encrypted,
    // Without its sandbox, a node refuses the mesh's ports.
    sandbox: endpoints.includes(`${name}-sbox`),
  };
}

/** What the checks compare of docker_gwbridge. Docker's own defaults are not among its options. */
export function gwbridgeSettings({ subnet, options }: NetworkSeen) {
  return {
    subnet,
    icc: options[`${BRIDGE}.enable_icc`] !== "false",
    masquerade: options[`${BRIDGE}.enable_ip_masquerade`] !== "false",
    mtu: Number(options[MTU] ?? 1500),
  };
}

/** The ingress networks that a node knows. */
export async function listIngress(cluster: Cluster, node: NodeOutput): Promise<NetworkSeen[]> {
  const json = await runShell(
    cluster,
    node,
    "docker network ls --quiet --no-trunc --filter driver=overlay |" +
      " xargs --no-run-if-empty docker network inspect",
  );
  return parseNetworks(json).filter(({ ingress }) => ingress);
}

/** A node's docker_gwbridge. */
export async function inspectGwbridge(cluster: Cluster, node: NodeOutput): Promise<NetworkSeen> {
  const json = await runWords(cluster, node, "docker", "network", "inspect", "docker_gwbridge");
  return parseNetworks(json)[0]!;
}

const oneIngress: Check = {
  name: "every node has the same one ingress network, with the configured settings",
  async run(cluster) {
    const { id, name, subnet, gateway, mtu, encrypted } = cluster.outputs.ingress;
    const wanted = [{ id, name, subnet, gateway, mtu, encrypted, sandbox: true }];
    // A node gets the network a moment after it has joined.
    await expectEach(cluster.nodes, (node) =>
      eventually(async () => {
        const seen = await listIngress(cluster, node);
        expectSame(`ingress networks on ${node.name}`, seen.map(ingressSettings), wanted);
      }),
    );
  },
};

const gwbridge: Check = {
  name: "docker_gwbridge has the configured settings on every node",
  async run(cluster) {
    const { subnet, icc, masquerade, mtu } = cluster.outputs.gwbridge;
    await expectEach(cluster.nodes, async (node) => {
      const seen = await inspectGwbridge(cluster, node);
      const wanted = { subnet, icc, masquerade, mtu };
      expectSame(`docker_gwbridge on ${node.name}`, gwbridgeSettings(seen), wanted);
    });
  },
};

/** The networks that Docker needs on every node. */
export const networkChecks: Check[] = [oneIngress, gwbridge];

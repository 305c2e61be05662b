/**
 * A Docker Swarm from one program: config -> plan -> the target's machines -> swarm -> outputs.
 */
import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import { Swarm } from "./components/swarm/swarm";
import { planCluster, type ClusterPlan } from "./plan/cluster";
import { parseConfig, type Config } from "./plan/config";
import { engineConfig } from "./plan/engine";
import { kvmTarget } from "./stacks/kvm";

export = async () => {
  const { config, plan } = readConfig();

  const access = new tls.PrivateKey("access", { algorithm: "ED25519" });
  const { machines, networkIds } = await kvmTarget(config, plan, access);
  const swarm = new Swarm("swarm", {
    machines,
    engineConfig: engineConfig(config),
    overlayAddressPool: config.overlayAddressPool,
    tokenRotation: config.tokenRotation,
    timeouts: {
      bootSeconds: config.bootTimeoutSeconds,
      joinSeconds: config.joinTimeoutSeconds,
      drainSeconds: config.drainTimeoutSeconds,
    },
  });

  return {
    /** Every node: name, role, both addresses, and its ID in the swarm once it is a member. */
    nodes: machines.map(({ name, role, ingressAddress, advertiseAddress }) => ({
      name,
      role,
      ingressAddress,
      advertiseAddress,
      id: swarm.nodeIds.apply((ids) => ids[name]),
    })),
    /** The nodes that can be the swarm's leader. */
    leaderCandidates: plan.managers.map(({ name }) => name),
    managerJoinToken: swarm.managerJoinToken,
    workerJoinToken: swarm.workerJoinToken,
    /** Identifiers of the libvirt networks that this stack made, by name. */
    networkIds,
    /** How to log in to each node, once `npm run ssh -- -s STACK` has written the key. */
    ssh: Object.fromEntries(
      plan.nodes.map((node) => [node.name, sshCommand(plan.stack, config, node.ingressAddress)]),
    ),
    sshUser: config.sshUser,
    /** Secret: the private half of the key that logs in to every node. */
    sshPrivateKey: access.privateKeyOpenssh,
    /** Lines for a `known_hosts` file: the host key of every node. */
    sshKnownHosts: machines.map((machine) => machine.knownHost),
  };
};

/**
 * All keys of this project as they were set, or as Pulumi.yaml has them by default, and what they
 * come to. Everything that is wrong with them is said at once, before any resource is registered.
 */
function readConfig(): { config: Config; plan: ClusterPlan } {
  const prefix = `${pulumi.getProject()}:`;
  const values = Object.entries(pulumi.runtime.allConfig())
    .filter(([key]) => key.startsWith(prefix))
    .map(([key, value]) => [key.slice(prefix.length), value]);
  try {
    const config = parseConfig(Object.fromEntries(values));
    return { config, plan: planCluster(config, pulumi.getStack()) };
  } catch (error) {
    // The message says it all; a stack trace would only hide it.
    throw new pulumi.RunError((error as Error).message);
  }
}

function sshCommand(stack: string, config: Config, address: string): string {
  const folder = `.cache/ssh/${stack}`;
  return `ssh -i ${folder}/key -o UserKnownHostsFile=${folder}/known_hosts ${config.sshUser}@${address}`;
}

/**
 * A Docker Swarm from one program: config -> plan -> the target's machines -> swarm -> outputs.
 */
import * as pulumi from "@pulumi/pulumi";
import { Swarm } from "./components/swarm/swarm";
import { planCluster } from "./plan/cluster";
import { ConfigError, type Config } from "./plan/config";
import { engineConfig } from "./plan/engine";
import { readConfig } from "./stacks/config";
import { kvmTarget } from "./stacks/kvm";

export = async () => {
  try {
    return await program();
  } catch (error) {
    // What is wrong with the config is said in full; a stack trace would only hide it.
    throw error instanceof ConfigError ? new pulumi.RunError(error.message) : error;
  }
};

async function program() {
  const config = readConfig();
  const plan = planCluster(config, pulumi.getStack());

  const { machines, sshPrivateKey, networkIds } = await kvmTarget(config, plan);
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
    sshPrivateKey,
    /** Lines for a `known_hosts` file: the host key of every node. */
    sshKnownHosts: machines.map((machine) => machine.knownHost),
  };
}

function sshCommand(stack: string, config: Config, address: string): string {
  const folder = `.cache/ssh/${stack}`;
  return `ssh -i ${folder}/key -o UserKnownHostsFile=${folder}/known_hosts ${config.sshUser}@${address}`;
}

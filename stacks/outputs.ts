import * as pulumi from "@pulumi/pulumi";
import type { Services } from "../components/service/services";
import { apiUrl, type Swarm } from "../components/swarm/swarm";
import type { ClusterPlan } from "../plan/cluster";
import type { Config } from "../plan/config";
import { planGwbridge } from "../plan/engine";
import type { Ingress } from "../plan/ingress";
import type { ServicePlan } from "../plan/services";
import type { Storage } from "../plan/storage";
import type { Target } from "./kvm";

/** All that the outputs are made of. */
interface Built {
  config: Config;
  plan: ClusterPlan;
  ingress: Ingress;
  services: ServicePlan[];
  storage: Storage;
  target: Target;
  swarm: Swarm;
  running: Services;
}

/** The stack's outputs: what people, other programs and `npm run verify` know about it. */
export function stackOutputs(built: Built) {
  const { config, plan, ingress, services, storage, target, swarm, running } = built;
  const { machines, storageMachine, certificates } = target;
  const reached = [...machines, ...(storageMachine ? [storageMachine] : [])];
  const managers = machines.filter(({ role }) => role === "manager");
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
    leaderCandidates: managers.map(({ name }) => name),
    managerJoinToken: swarm.managerJoinToken,
    workerJoinToken: swarm.workerJoinToken,
    /** Identifiers of the libvirt networks that this stack made, by name. */
    networkIds: target.networkIds,

    /** How to log in to each machine, once `npm run ssh -- -s STACK` has written the key. */
    ssh: Object.fromEntries(
      reached.map((machine) => [machine.name, sshCommand(plan.stack, config, machine)]),
    ),
    sshUser: config.sshUser,
    /** Secret: the private half of the key that logs in to every machine. */
    sshPrivateKey: target.sshPrivateKey,
    /** Lines for a `known_hosts` file: the host key of every machine. */
    sshKnownHosts: reached.map((machine) => machine.knownHost),

    /** The TLS API of one manager, as in DOCKER_HOST. */
    dockerHost: swarm.apiUrl,
    /** The TLS API of every manager. */
    apiHosts: managers.map(({ ingressAddress, advertiseAddress }) =>
      (config.apiOutside ? ingressAddress : advertiseAddress).apply(apiUrl),
    ),
    apiOutside: config.apiOutside,
    ca: certificates.client.ca,
    cert: certificates.client.cert,
    /** Secret: with it one is root on the managers. */
    key: certificates.client.key,

    ingress: { id: swarm.ingress.id, ...ingress },
    gwbridge: planGwbridge(config),
    services,
    composeServices: running.composeServices,
    /** Secret: the password of Portainer's user `admin`. */
    portainerPassword: running.portainerPassword,
    storage,
  };
}

function sshCommand(stack: string, config: Config, machine: Target["machines"][number]) {
  const folder = `.cache/ssh/${stack}`;
  return pulumi.interpolate`ssh -i ${folder}/key -o UserKnownHostsFile=${folder}/known_hosts ${config.sshUser}@${machine.ingressAddress}`;
}

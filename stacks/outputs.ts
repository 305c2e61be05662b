import * as pulumi from "@pulumi/pulumi";
import type { Backups } from "../components/backup/backups";
import type { Machine } from "../components/machine/machine";
import type { Monitoring } from "../components/monitoring/monitoring";
import type { Services } from "../components/service/services";
import type { Swarm } from "../components/swarm/swarm";
import { nodeAttributes } from "../components/swarm/attributes";
import { composeServices } from "../components/service/compose";
import type { Config } from "./config";
import { apiUrl } from "../components/swarm/engine";
import type { AdminPorts, Opening } from "../components/swarm/firewall";
import type { Ingress } from "../components/swarm/ingress";
import type { Role } from "../components/machine/nodes";
import type { ServicePlan } from "../components/service/plan";
import { sshFolder } from "../components/remote/sshConfig";
import { gwbridgeOf } from "./config/sections";
import { allMachines, type Target } from "./seam";

/** All that the outputs are made of. */
interface Built {
  config: Config;
  /** Name of the Pulumi stack. */
  stack: string;
  ingress: Ingress;
  services: ServicePlan[];
  /** Content of the compose file, where there is one. */
  compose: string | undefined;
  adminPorts: AdminPorts;
  /** What a machine's firewall lets in. */
  openings: (machine: Machine) => pulumi.Output<Opening[]>;
  /** Content of a node's daemon.json. */
  engine: (role: Role) => string;
  target: Target;
  swarm: Swarm;
  backups: Backups;
  running: Services;
  monitoring: Monitoring | undefined;
}

/** The stack's outputs: what people, other programs and `npm run verify` know about it. */
export function stackOutputs(built: Built) {
  const { config, stack, ingress, services, compose, adminPorts, engine } = built;
  const { target, swarm, backups, running, monitoring } = built;
  const { machines, storage, certificates } = target;
  const apis = apiHosts(machines, config);
  return {
    /** Every node: name, role, both addresses, its ID in the swarm, availability and labels. */
    nodes: machines.map(({ name, role, ingressAddress, advertiseAddress }) => ({
      name,
      role,
      ingressAddress,
      advertiseAddress,
      id: swarm.nodeIds.apply((ids) => ids[name]!),
      ...nodeAttributes(config, { name, role }),
    })),
    /** The nodes that can be the swarm's leader. */
    leaderCandidates: managersOf(machines).map(({ name }) => name),
    managerJoinToken: swarm.managerJoinToken,
    workerJoinToken: swarm.workerJoinToken,
    /** Secret: opens a manager that was restarted, with autolock; otherwise empty. */
    unlockKey: swarm.unlockKey,
    /** Secret: opens the backups of the swarm's state; empty without storage. */
    backupKey: backups.key,
    /** Identifiers of the networks that this stack made, by name; on EC2 of its VPC and subnets. */
    networkIds: target.networkIds,

    /** How to log in to each machine. Elsewhere, `npm run ssh -- -s STACK` writes the files first. */
    ssh: Object.fromEntries(
      allMachines(target).map(({ name }) => [name, `ssh -F ${sshFolder(stack)}/config ${name}`]),
    ),
    sshHosts: allMachines(target).map(({ name, role, ingressAddress }) => ({
      name,
      role,
      address: ingressAddress,
    })),
    sshUser: config.sshUser,
    /** Secret: the private half of the key that logs in to every machine. */
    sshPrivateKey: target.sshPrivateKey,
    /** Lines for a `known_hosts` file: the host key of every machine. */
    sshKnownHosts: allMachines(target).map((machine) => machine.knownHost),

    /** The TLS API of one manager, as in DOCKER_HOST, or of whichever answers at a load balancer. */
    dockerHost: target.apiAddress?.apply(apiUrl) ?? apis[0]!,
    /** The TLS API of every manager. */
    apiHosts: apis,
    apiOutside: config.apiOutside,
    ca: certificates.client.ca,
    cert: certificates.client.cert,
    /** Secret: with it one is root on the managers. */
    key: certificates.client.key,

    /** How engines are configured (daemon.json), by the node's role. */
    engines: {
      manager: JSON.parse(engine("manager")) as object,
      worker: JSON.parse(engine("worker")) as object,
    },
    /** The ports of management pages, and from where they are reached: empty for anywhere. */
    adminPorts,

    ingress: { id: swarm.ingress.id, ...ingress },
    overlayAddressPool: config.overlayAddressPool,
    gwbridge: gwbridgeOf(config),
    /** What each machine's firewall lets in, beside ports that services publish. */
    firewall: Object.fromEntries(
      allMachines(target).map((machine) => [machine.name, built.openings(machine)]),
    ),
    registryMirror: config.registryMirror,
    services,
    composeServices: running.composeServices,
    /** Those services as the file has them: image, and published ports as `80/tcp`. */
    composePlan: compose === undefined ? [] : composeServices(compose),
    /** Secret: the password of Portainer's user `admin`. */
    portainerPassword: running.portainerPassword,
    /** Secret: the same of the Portainer outside the swarm; empty without it. */
    externalPortainerPassword: running.externalPortainerPassword,
    /** Secret: of the user `admin` of Prometheus, Alertmanager and Grafana; empty without monitoring. */
    monitoringPassword: monitoring?.password ?? pulumi.secret(""),
    storage,
  };
}

/** The outputs as plain values, secrets included: what whoever reads them gets. */
export type StackOutputs = pulumi.Unwrap<ReturnType<typeof stackOutputs>>;

/** One entry of the output `nodes`. */
export type NodeOutput = StackOutputs["nodes"][number];

/** One entry of the output `services`: a service of the swarm that the config switches on. */
export type ServiceOutput = StackOutputs["services"][number];

/** The TLS API of every manager, as in DOCKER_HOST. */
export function apiHosts(machines: Machine[], { apiOutside }: Pick<Config, "apiOutside">) {
  return managersOf(machines).map(({ ingressAddress, advertiseAddress }) =>
    (apiOutside ? ingressAddress : advertiseAddress).apply(apiUrl),
  );
}

function managersOf(machines: Machine[]): Machine[] {
  return machines.filter(({ role }) => role === "manager");
}

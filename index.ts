/**
 * A Docker Swarm from one program: config -> plan -> the target's machines -> swarm -> storage ->
 * services -> outputs.
 */
import * as pulumi from "@pulumi/pulumi";
import { Backups } from "./components/backup/backups";
import type { Machine } from "./components/machine/machine";
import { Monitoring } from "./components/monitoring/monitoring";
import { Services } from "./components/service/services";
import { SharedStorage } from "./components/storage/sharedStorage";
import { sshAccess } from "./components/swarm/sshAccess";
import { Swarm } from "./components/swarm/swarm";
import { nodeAttributes } from "./plan/attributes";
import { publishedPorts } from "./plan/compose";
import { ConfigError } from "./plan/config";
import { engineConfig } from "./plan/engine";
import { firewallRules, openings } from "./plan/firewall";
import { planIngress } from "./plan/ingress";
import { planAdminPorts, usersPorts } from "./plan/management";
import type { Role } from "./plan/nodes";
import { planServices } from "./plan/services";
import { dataFolders } from "./plan/storage";
import { readCompose } from "./stacks/compose";
import { readConfig } from "./stacks/config";
import { apiHosts, stackOutputs } from "./stacks/outputs";
import { makeTarget, reached } from "./stacks/target";

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
  const stack = pulumi.getStack();
  const ingress = planIngress(config);
  const services = planServices(config);
  const compose = readCompose(config, services);

  const published = publishedPorts(services, compose);
  const adminPorts = planAdminPorts(config, published);
  const target = await makeTarget({ config, stack, published });
  const { machines, storageMachine, storage, internalCidr, certificates } = target;
  const engine = (role: Role) => engineConfig({ ...config, role });
  const access = sshAccess(stack, reached(target), config.joinTimeoutSeconds);
  const firewallArgs = ({ role, inboundAddress, advertiseAddress }: Machine) =>
    pulumi.all([inboundAddress, advertiseAddress]).apply(([outside, internal]) => ({
      role,
      ingressAddress: outside,
      advertiseAddress: internal,
      internalCidr,
      adminPorts,
      ...config,
    }));
  const firewall = (machine: Machine) => firewallArgs(machine).apply(firewallRules);
  const swarm = new Swarm("swarm", {
    stack,
    machines,
    engineConfig: ({ role }) => engine(role),
    firewallRules: firewall,
    certificates,
    access,
    ingress,
    storage,
    attributes: (machine) => nodeAttributes(config, machine),
    config,
  });
  const volumes = new SharedStorage("volumes", {
    storage,
    machine: storageMachine,
    network: internalCidr,
    firewallRules: firewall,
    access,
    dependsOn: swarm.complete,
    folders: dataFolders(config),
    timeoutSeconds: config.bootTimeoutSeconds,
  });
  new Backups(
    "backups",
    { stack, managers: machines.filter(({ role }) => role === "manager"), storage, config },
    { dependsOn: [volumes] },
  );
  const home = {
    ...{ config, services, storage, access, ingress: swarm.ingress },
    timeoutSeconds: config.serviceTimeoutSeconds,
  };
  const inSwarm = {
    provider: swarm.provider,
    dependsOn: [...swarm.complete, swarm.ingress, volumes],
    ...swarm.inSwarm,
  };
  const client = { apiUrl: apiHosts(machines, config)[0]!, client: certificates.client };
  const running = new Services(
    "services",
    { ...home, ...client, stack, compose, nodes: machines.length },
    inSwarm,
  );
  const monitoring = config.monitoring
    ? new Monitoring("monitoring", { ...home, published: usersPorts(published) }, inSwarm)
    : undefined;
  return stackOutputs({
    ...{ config, stack, ingress, services, compose, adminPorts, engine },
    ...{ target, swarm, running, monitoring },
    openings: (machine) => firewallArgs(machine).apply(openings),
  });
}

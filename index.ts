/**
 * A Docker Swarm from one program: config -> plan -> the target's machines -> swarm -> storage ->
 * services -> outputs.
 */
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { Backups } from "./components/backup/backups";
import type { Machine } from "./components/machine/machine";
import { Monitoring } from "./components/monitoring/monitoring";
import { Services } from "./components/service/services";
import { SharedStorage } from "./components/storage/sharedStorage";
import { sshAccess } from "./components/remote/sshAccess";
import { Swarm } from "./components/swarm/swarm";
import { nodeAttributes } from "./components/swarm/attributes";
import { publishedPorts } from "./components/service/compose";
import { ConfigError } from "./stacks/config";
import { engineConfig } from "./components/swarm/engine";
import { firewallRules, openings, type FirewallArgs } from "./components/swarm/firewall";
import { planIngress } from "./components/swarm/ingress";
import { planAdminPorts, usersPorts } from "./components/swarm/management";
import type { Role } from "./components/machine/nodes";
import { planServices } from "./components/service/plan";
import { dataFolders } from "./components/storage/plan";
import { readCompose } from "./stacks/compose";
import { readConfig } from "./stacks/config/read";
import { apiHosts, stackOutputs } from "./stacks/outputs";
import { readRestoreKey } from "./stacks/restoreKey";
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
  const restoreKey = readRestoreKey(config);

  const published = publishedPorts(services, compose);
  const adminPorts = planAdminPorts(config, published);
  const target = await makeTarget({ config, stack, published });
  const { machines, storageMachine, storage, internalCidr, machineCidrs, certificates } = target;
  const engine = (role: Role) => engineConfig({ ...config, role });
  const access = sshAccess(stack, reached(target), config.joinTimeoutSeconds);
  const firewallArgs = ({ role, inboundAddress, advertiseAddress }: Machine) =>
    pulumi.all([inboundAddress, advertiseAddress]).apply(([outside, internal]): FirewallArgs => ({
      ...{ role, ingressAddress: outside, advertiseAddress: internal },
      ...{ internalCidr, machineCidrs, apiOutside: config.apiOutside, adminPorts },
      nfsServer: config.storage === "nfs" ? config.nfsServer : "",
    }));
  const firewall = (machine: Machine) => firewallArgs(machine).apply(firewallRules);
  const backups = new Backups("backups", { stack, storage, config });
  const swarm = new Swarm("swarm", {
    stack,
    machines,
    engineConfig: ({ role }) => engine(role),
    firewallRules: firewall,
    certificates,
    access,
    ingress,
    storage,
    backupKey: restoreKey === undefined ? backups.key : pulumi.secret(restoreKey),
    attributes: (machine) => nodeAttributes(config, machine),
    config,
  });
  const volumes = new SharedStorage("volumes", {
    storage,
    machine: storageMachine,
    clients: machines.map(({ advertiseAddress }) => advertiseAddress),
    firewallRules: firewall,
    access,
    dependsOn: swarm.complete,
    folders: dataFolders(config),
    timeoutSeconds: config.bootTimeoutSeconds,
  });
  backups.installOn(
    machines.filter(({ role }) => role === "manager"),
    [volumes],
  );
  const nameKey = new random.RandomPassword("secret-names", { length: 32, special: false });
  const home = {
    ...{ config, services, storage, access, ingress: swarm.ingress },
    nameKey: nameKey.result,
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
    ...{ target, swarm, backups, running, monitoring },
    openings: (machine) => firewallArgs(machine).apply(openings),
  });
}

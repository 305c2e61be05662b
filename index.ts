/**
 * A Docker Swarm from one program: config -> plan -> the target's machines -> swarm -> storage ->
 * services -> outputs.
 */
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { Backups } from "./components/backup/backups";
import { restoreStep } from "./components/backup/restore";
import { ConfigError } from "./components/machine/configError";
import type { Machine } from "./components/machine/machine";
import type { Role } from "./components/machine/nodes";
import { Monitoring } from "./components/monitoring/monitoring";
import { sshAccess } from "./components/remote/sshAccess";
import { publishedPorts } from "./components/service/compose";
import { Services } from "./components/service/services";
import { dataFolders } from "./components/storage/plan";
import { SharedStorage } from "./components/storage/sharedStorage";
import { nodeAttributes } from "./components/swarm/attributes";
import { engineConfig } from "./components/swarm/engine";
import { firewallRules, openings, type FirewallArgs } from "./components/swarm/firewall";
import { planAdminPorts } from "./components/swarm/management";
import { usersPorts } from "./components/swarm/publish";
import { Swarm } from "./components/swarm/swarm";
import { readCompose } from "./stacks/compose";
import { readConfig } from "./stacks/config/read";
import { adminCidrsOf, ingressOf } from "./stacks/config/sections";
import { apiHosts, stackOutputs } from "./stacks/outputs";
import { readRestoreKey } from "./stacks/restoreKey";
import { allMachines } from "./stacks/seam";
import { planServices } from "./stacks/services";
import { makeTarget } from "./stacks/target";

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
  const ingress = ingressOf(config);
  const services = planServices(config);
  const compose = readCompose(config, services);
  const restoreKey = readRestoreKey(config);

  const published = publishedPorts(services, compose);
  const adminPorts = planAdminPorts(published, adminCidrsOf(config));
  const target = await makeTarget({ config, stack, published });
  const { machines, storageMachine, storage, internalCidr, machineCidrs, certificates } = target;
  const engine = (role: Role) => engineConfig({ ...config, role });
  const access = sshAccess(stack, allMachines(target), config.joinTimeoutSeconds);
  const firewallArgs = ({ role, inboundAddress, advertiseAddress }: Machine) =>
    pulumi.all([inboundAddress, advertiseAddress]).apply(([outside, internal]): FirewallArgs => ({
      role,
      ingressAddress: outside,
      advertiseAddress: internal,
      internalCidr,
      machineCidrs,
      apiOutside: config.apiOutside,
      adminPorts,
      nfsServer: config.storage === "nfs" ? config.nfsServer : "",
    }));
  const firewall = (machine: Machine) => firewallArgs(machine).apply(firewallRules);
  const backups = new Backups("backups", {
    stack,
    storage,
    schedule: config.backupSchedule,
    keep: config.backupKeep,
    timeoutSeconds: config.bootTimeoutSeconds,
  });
  const swarm = new Swarm("swarm", {
    stack,
    machines,
    engineConfig: ({ role }) => engine(role),
    firewallRules: firewall,
    certificates,
    access,
    ingress,
    restoreStep: restoreStep({
      stack,
      backup: config.restore,
      machines,
      storage,
      backupKey: restoreKey === undefined ? backups.key : pulumi.secret(restoreKey),
      unlockKey: config.restoreUnlockKey,
      access,
      timeoutSeconds: config.bootTimeoutSeconds,
    }),
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
    folders: dataFolders(services),
    timeoutSeconds: config.bootTimeoutSeconds,
  });
  backups.installOn(
    machines.filter(({ role }) => role === "manager"),
    [volumes],
  );
  const nameKey = new random.RandomPassword("secret-names", { length: 32, special: false });
  const context = {
    services,
    storage,
    swarm: swarm.handle,
    ingress: swarm.ingress,
    mtu: config.ingressMtu,
    nameKey: nameKey.result,
    timeoutSeconds: config.serviceTimeoutSeconds,
  };
  const inSwarm = {
    provider: swarm.provider,
    dependsOn: [...swarm.complete, swarm.ingress, volumes],
  };
  const running = new Services(
    "services",
    {
      ...context,
      stack,
      webCpus: config.webCpus,
      compose,
      composeName: config.composeName,
      nodes: machines.length,
      externalPortainer: config.externalPortainer
        ? {
            image: config.portainerImage,
            port: config.externalPortainerPort,
            dockerHost: config.operatorDocker,
          }
        : undefined,
      apiUrl: apiHosts(machines, config)[0]!,
      client: certificates.client,
    },
    inSwarm,
  );
  const monitoring = config.monitoring
    ? new Monitoring(
        "monitoring",
        {
          ...context,
          published: usersPorts(published),
          scrapeSeconds: config.scrapeSeconds,
          retention: config.prometheusRetention,
          alertWebhook: config.alertWebhook,
          autoscaling: config.autoscaling,
          autoscalingDryRun: config.autoscalingDryRun,
        },
        inSwarm,
      )
    : undefined;
  return stackOutputs({
    config,
    stack,
    ingress,
    services,
    compose,
    adminPorts,
    engine,
    target,
    swarm,
    backups,
    running,
    monitoring,
    openings: (machine) => firewallArgs(machine).apply(openings),
  });
}

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { MEMORY_MB, PASSWORD_FILE, type MonitoringService } from "./ports";
import type { ServicePlan } from "../service/plan";
import { planVolume } from "../storage/plan";
import { swarmFile, type SwarmFile, type SwarmFileArgs } from "../service/swarmFile";
import type { ServiceContext } from "../service/context";
import { data } from "../service/swarmService";
import type { SharedFolder } from "../storage/sharedStorage";

/** What all parts of monitoring have in common. */
export interface MonitoringContext extends ServiceContext {
  /** The overlay network that Prometheus shares with services that export metrics of their own. */
  network: docker.Network;
  /** The overlay network of monitoring's own parts. */
  internal: docker.Network;
  /** The services of the stack. */
  services: ServicePlan[];
  /** Where they keep data. */
  storage: SharedFolder;
}

/** The secrets by which Prometheus and Alertmanager are asked, and know who asks. */
export interface Passwords {
  /** The password itself. */
  plain: SwarmFile;
  /** The web configuration with its hash. */
  web: SwarmFile;
}

/** Where on a manager services of the swarm's own run. */
export const ON_MANAGERS = ["node.role==manager"];

/** The arguments of `swarmService` that follow from a service's name. */
export function serviceDefaults(context: MonitoringContext, name: MonitoringService) {
  const { swarm, ingress, timeoutSeconds, nameKey, network, internal, services } = context;
  return {
    swarm,
    ingress,
    timeoutSeconds,
    nameKey,
    service: services.find((service) => service.name === name)!,
    // Prometheus alone is on both. The shared one has been the only one, and is what replaces them.
    networks: [internal.id, ...(name === "prometheus" ? [network.id] : [])],
    triggers: [network.id],
    replaceWith: [internal],
    resources: memory(name),
  };
}

/**
 * The most that a container may take, and half of it as what a node has to have left for it: a swarm
 * of one small node has room for all, though not at their largest.
 */
function memory(name: MonitoringService) {
  const memoryBytes = MEMORY_MB[name] * 1_000_000;
  return { limits: { memoryBytes }, reservation: { memoryBytes: memoryBytes / 2 } };
}

/**
 * Has a Go program tidy up before it meets its limit.
 * https://pkg.go.dev/runtime#hdr-Environment_Variables
 */
export function goMemory(name: MonitoringService): Record<string, string> {
  return { GOMEMLIMIT: `${MEMORY_MB[name] * 900_000}` };
}

/** A secret or config of one part. */
export function createFile(
  name: string,
  context: MonitoringContext,
  kind: SwarmFileArgs["kind"],
  prefix: string,
  content: pulumi.Input<string>,
  parent: pulumi.Resource,
): SwarmFile {
  const { swarm, timeoutSeconds, nameKey } = context;
  return swarmFile(
    name,
    { swarm, timeoutSeconds, nameKey, kind, prefix, content: pulumi.output(content) },
    { parent },
  );
}

/** One of the files of this folder that need no values. */
export function staticFile(path: string): string {
  return readFileSync(join(__dirname, "files", path), "utf8");
}

/** How a container sees a config. */
export function mountConfig({ id, name }: SwarmFile, fileName: string) {
  return { configId: id, configName: name, fileName };
}

/** How a container sees a secret. */
export function mountSecret({ id, name }: SwarmFile, fileName: string) {
  return { secretId: id, secretName: name, fileName };
}

/** How a container sees the password. */
export function mountPassword({ plain }: Passwords) {
  return mountSecret(plain, PASSWORD_FILE);
}

/** Where a service keeps its data. */
export function dataMount({ storage }: MonitoringContext, name: MonitoringService, target: string) {
  return data(
    pulumi.output(storage).apply((storage) => planVolume(storage, name)),
    target,
  );
}

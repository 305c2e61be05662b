import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { planCluster, type ClusterPlan } from "../components/kvm/plan";
import { parseConfig } from "../stacks/config";
import { clusterSettings } from "../stacks/kvm";
import { readStackConfig } from "../stacks/stackFile";
import type { EngineOptions } from "./engine";
import type { Hypervisor } from "./hypervisor";
import { runFolder } from "./inside";
import type { Registry } from "./registry";

/** The stack that the lab brings up: Pulumi.dev.yaml, as it is used outside the lab. */
const STACK = "dev";

/** Overrides for a swarm on which nothing runs yet: what the benchmark measures. */
export const BARE = { web: "false", portainer: "false", storage: "none" };

/**
 * Overrides for a swarm that emulated machines have room for, with monitoring and a load. Three emulated
 * managers and three workers on two cores did not come up with monitoring: the managers lost their leader.
 */
export const SMALL = { managers: "1", workers: "1", storage: "none", portainer: "false" };

/**
 * The `dev` stack in this lab, with what the lab decides: how machines run, and their registry.
 *
 * @param stack Its name, where it is to be another one with the same config.
 */
export function devStack(
  hypervisor: Hypervisor,
  registry: Registry,
  overrides: Record<string, string> = {},
  stack = STACK,
): { options: EngineOptions; plan: ClusterPlan } {
  const projectDir = join(__dirname, "..");
  const fromFiles = mirrored({ ...readStackConfig(projectDir, STACK), ...overrides });
  const { nat } = planCluster(clusterSettings(parseConfig(fromFiles)), stack);
  const config = {
    ...fromFiles,
    libvirtUri: hypervisor.uri,
    domainType: hypervisor.domainType,
    registryMirror: overrides.registryMirror ?? `http://${nat.hostAddress}:${registry.port}`,
  };
  const dir = join(runFolder(), stack);
  mkdirSync(dir, { recursive: true });
  return {
    options: { projectDir, stack, config, dir },
    plan: planCluster(clusterSettings(parseConfig(config)), stack),
  };
}

/**
 * Every image by its name alone: nodes ask the mirror for what is from Docker Hub, and another registry
 * is not reached in here.
 */
export function mirrored(config: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => [
      key,
      key.endsWith("Image") ? hubName(value) : value,
    ]),
  );
}

/** An image without the registry that its name begins with. */
export function hubName(image: string): string {
  return image.replace(/^[^/]*[.:][^/]*\//, "");
}

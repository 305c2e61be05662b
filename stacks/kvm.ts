import { constants, accessSync } from "node:fs";
import * as libvirt from "@pulumi/libvirt";
import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import { KvmMachine } from "../components/machine/kvmMachine";
import type { Machine } from "../components/machine/machine";
import { Networks } from "../components/network/networks";
import { ImageStore } from "../components/storage/imageStore";
import { requireBuilt, resolveImage } from "../images/image";
import { domainName, type ClusterPlan } from "../plan/cluster";
import type { Config } from "../plan/config";
import type { DomainType } from "../plan/domain";
import { engineConfig } from "../plan/engine";

/** What a target gives to the rest of the program. */
export interface Target {
  machines: Machine[];
  /** Identifiers of the networks that were made, by name. */
  networkIds: pulumi.Output<Record<string, string>>;
}

/** Turns a plan into virtual machines on one libvirt host. */
export async function kvmTarget(
  config: Config,
  plan: ClusterPlan,
  access: tls.PrivateKey,
): Promise<Target> {
  const image = await resolveImage(config.image);
  if (!pulumi.runtime.isDryRun()) requireBuilt(image);

  const provider = new libvirt.Provider("libvirt", { uri: config.libvirtUri });
  const opts = { providers: { libvirt: provider } };
  const networks = new Networks("network", { nat: plan.nat, internal: plan.internal }, opts);
  const store = new ImageStore(
    "store",
    { poolName: plan.poolName, poolPath: plan.poolPath, image },
    opts,
  );
  const machines = plan.nodes.map(
    (node) =>
      new KvmMachine(
        node.name,
        {
          node,
          domainName: domainName(plan.stack, node.name),
          domainType: domainType(config),
          memoryMiB: config.memoryMiB,
          vcpus: config.vcpus,
          diskMB: config.diskMB,
          imageFingerprint: image.fingerprint,
          seed: {
            nat: plan.nat,
            internal: plan.internal,
            nameservers: plan.nameservers,
            engineConfig: engineConfig(config),
          },
          sshUser: config.sshUser,
          access,
          pool: store.pool,
          basePath: store.basePath,
          natNetwork: networks.nat,
          internalNetwork: networks.internal,
        },
        opts,
      ),
  );
  return { machines, networkIds: networks.ids };
}

/**
 * `auto` means the hardware's accelerator, unless the hypervisor is this very machine and has
 * none that we may open.
 */
function domainType(config: Config): DomainType {
  if (config.domainType !== "auto") return config.domainType;
  if (new URL(config.libvirtUri).host) return "kvm";
  try {
    accessSync("/dev/kvm", constants.R_OK | constants.W_OK);
    return "kvm";
  } catch {
    return "qemu";
  }
}

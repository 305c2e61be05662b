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
import { bestDomainType } from "./accelerator";

/** What a target gives to the rest of the program. */
export interface Target {
  machines: Machine[];
  /** OpenSSH private key that logs in to every machine. */
  sshPrivateKey: pulumi.Output<string>;
  /** Identifiers of the networks that were made, by name. */
  networkIds: pulumi.Output<Record<string, string>>;
}

/**
 * Turns a plan into virtual machines on one libvirt host.
 *
 * @throws ConfigError when the image is not there, before anything is registered.
 */
export async function kvmTarget(config: Config, plan: ClusterPlan): Promise<Target> {
  const image = await resolveImage(config.image);
  if (!pulumi.runtime.isDryRun()) requireBuilt(image);
  const type = await domainType(config);

  const access = new tls.PrivateKey("access", { algorithm: "ED25519" });
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
          domainType: type,
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
  return { machines, sshPrivateKey: access.privateKeyOpenssh, networkIds: networks.ids };
}

/**
 * `auto` means the hardware's accelerator, unless the hypervisor is this very machine and a trial
 * shows that it does not work here.
 */
async function domainType(config: Config): Promise<DomainType> {
  if (config.domainType !== "auto") return config.domainType;
  return new URL(config.libvirtUri).host ? "kvm" : bestDomainType();
}

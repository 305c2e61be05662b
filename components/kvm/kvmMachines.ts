import * as libvirt from "@pulumi/libvirt";
import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import { Certificates } from "../swarm/certificates";
import { KvmMachine } from "./kvmMachine";
import { libvirtHooks } from "./libvirtHooks";
import { Networks } from "./networks";
import { ImageStore } from "./imageStore";
import { requireBuilt, resolveImage } from "../../images/image";
import { domainName, planCluster } from "./plan";
import type { Config } from "../../stacks/config";
import type { DomainType } from "./domain";
import { planGwbridge } from "../swarm/engine";
import type { NodePlan } from "../machine/nodes";
import { planStorage } from "../storage/plan";
import { bestDomainType } from "./accelerator";
import { engineFiles } from "../swarm/engineFiles";
import { checkSiblings } from "./siblings";
import type { Target, TargetArgs } from "../../stacks/target";

/**
 * Turns a plan into virtual machines on one libvirt host.
 *
 * @throws ConfigError when the stack's name is not fit for its machines' names, when the image is not
 *   there, or when another stack has what this one would make, before anything is registered.
 */
export async function kvmTarget({ config, stack }: TargetArgs): Promise<Target> {
  const plan = planCluster(config, stack);
  checkSiblings(config);
  const image = await resolveImage(config, pulumi.runtime.isDryRun());
  if (!pulumi.runtime.isDryRun()) requireBuilt(image);
  const type = await domainType(config);

  const access = new tls.PrivateKey("access", { algorithm: "ED25519" });
  const provider = new libvirt.Provider("libvirt", { uri: config.libvirtUri });
  const opts = {
    providers: { libvirt: provider },
    transformations: [libvirtHooks(config.libvirtUri)],
  };
  const networks = new Networks("network", { nat: plan.nat, internal: plan.internal }, opts);
  const store = new ImageStore(
    "store",
    { poolName: plan.poolName, poolPath: plan.poolPath, image },
    opts,
  );
  const certificates = new Certificates("api", {
    servers: plan.managers.map(({ name, ingressAddress, advertiseAddress }) => ({
      name,
      addresses: [ingressAddress, advertiseAddress],
    })),
    days: config.certificateDays,
    renewDays: config.certificateRenewDays,
    rotation: config.certificateRotation,
  });

  const machine = (node: NodePlan, size: { memoryMiB: number; dataDiskMB?: number }) =>
    new KvmMachine(
      node.name,
      {
        node,
        domainName: domainName(plan.stack, node.name),
        domainType: type,
        diskMB: config.diskMB,
        ...size,
        vcpus: config.vcpus,
        imageFingerprint: image.fingerprint,
        seed: {
          nat: plan.nat,
          internal: plan.internal,
          nameservers: plan.nameservers,
          gwbridge: planGwbridge(config),
        },
        engineFiles: engineFiles(config, node, certificates),
        sshUser: config.sshUser,
        access,
        pool: store.pool,
        basePath: store.basePath,
        natNetwork: networks.nat,
        internalNetwork: networks.internal,
      },
      opts,
    );
  return {
    machines: plan.nodes.map((node) => machine(node, { memoryMiB: config.memoryMiB })),
    storageMachine:
      plan.storageMachine &&
      machine(plan.storageMachine, {
        memoryMiB: config.storageMemoryMiB,
        dataDiskMB: config.storageDiskMB,
      }),
    storage: planStorage(config, plan.storageMachine),
    internalCidr: plan.internal.cidr,
    machineCidrs: [plan.internal.cidr, plan.nat.cidr],
    certificates,
    apiAddress: undefined,
    sshPrivateKey: access.privateKeyOpenssh,
    networkIds: networks.ids,
  };
}

/**
 * `auto` means the hardware's accelerator, unless the hypervisor is this very machine and a trial
 * shows that it does not work here.
 */
async function domainType(config: Config): Promise<DomainType> {
  if (config.domainType !== "auto") return config.domainType;
  return new URL(config.libvirtUri).host ? "kvm" : bestDomainType();
}

import { existsSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import type { ClusterSettings, NodePlan } from "../components/kvm/plan";
import { KvmMachines } from "../components/kvm/kvmMachines";
import { checkStackName } from "../components/machine/nodes";
import { STORAGE_EXPORT, type Storage } from "../components/storage/plan";
import { requireBuilt, resolveImage } from "../images/image";
import { ConfigError, type Config } from "./config";
import { certificatesOf, gwbridgeOf, storageOf } from "./config/sections";
import type { Target, TargetArgs } from "./seam";
import { checkSiblings } from "./siblings";

/**
 * The machines on a libvirt host.
 *
 * @throws ConfigError when the stack's name is not fit for its machines' names, when the image is not
 *   there, or when another stack has what this one would make, before anything is registered.
 */
export async function kvmTarget({ config, stack }: TargetArgs): Promise<Target> {
  checkStackName(stack);
  checkSiblings(config);
  const image = await resolveImage(config, pulumi.runtime.isDryRun());
  if (!pulumi.runtime.isDryRun()) {
    requireBuilt(image);
    const problem = kvmProblem(config, existsSync("/dev/kvm"));
    if (problem) throw new ConfigError([problem]);
  }

  const kvm = new KvmMachines("kvm", {
    ...clusterSettings(config),
    stack,
    image,
    libvirtUri: config.libvirtUri,
    domainType: config.domainType,
    memoryMiB: config.memoryMiB,
    vcpus: config.vcpus,
    diskMB: config.diskMB,
    storageMemoryMiB: config.storageMemoryMiB,
    storageDiskMB: config.storageDiskMB,
    sshUser: config.sshUser,
    gwbridge: gwbridgeOf(config),
    registryMirror: config.registryMirror,
    certificates: certificatesOf(config),
  });
  return {
    machines: kvm.machines,
    storageMachine: kvm.storageMachine,
    storage: storageOnKvm(config, kvm.plan.storageMachine),
    internalCidr: kvm.internalCidr,
    machineCidrs: kvm.machineCidrs,
    certificates: kvm.certificates,
    apiAddress: undefined,
    sshPrivateKey: kvm.sshPrivateKey,
    networkIds: kvm.networkIds,
  };
}

/**
 * Why machines cannot run by the hardware; undefined where they can, and for a host elsewhere, whose libvirt
 * says so itself.
 *
 * @param hasKvm whether this machine has /dev/kvm
 */
export function kvmProblem(
  { domainType, libvirtUri }: Pick<Config, "domainType" | "libvirtUri">,
  hasKvm: boolean,
): string | undefined {
  const here = new URL(libvirtUri).host === "";
  if (domainType !== "kvm" || !here || hasKvm) return undefined;
  return (
    'domainType: "kvm" does not work on this machine, which has no /dev/kvm; switch virtualization on ' +
    "(in the firmware, or as nested virtualization), or write qemu for emulation"
  );
}

/** The storage machine's folder, where there is such a machine. */
export function storageOnKvm(config: Config, machine: NodePlan | undefined): Storage {
  return machine
    ? { kind: "machine", server: machine.advertiseAddress, export: STORAGE_EXPORT }
    : storageOf(config);
}

/** What the config says of the cluster's shape. */
export function clusterSettings(config: Config): ClusterSettings {
  return {
    managers: config.managers,
    workers: config.workers,
    storageMachine: config.storage === "machine",
    nat: {
      name: config.natNetworkName,
      cidr: config.natNetworkCidr,
      bridge: config.natNetworkBridge,
      mtu: config.natNetworkMtu,
      exists: config.natNetworkExists,
      addresses: config.natNetworkAddresses,
    },
    internal: {
      name: config.internalNetworkName,
      cidr: config.internalNetworkCidr,
      bridge: config.internalNetworkBridge,
      mtu: config.internalNetworkMtu,
      exists: config.internalNetworkExists,
      addresses: config.internalNetworkAddresses,
    },
    nameservers: config.nameservers,
    poolPath: config.poolPath,
  };
}

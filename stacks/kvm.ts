import * as libvirt from "@pulumi/libvirt";
import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import { Certificates } from "../components/api/certificates";
import { KvmMachine } from "../components/machine/kvmMachine";
import type { Machine } from "../components/machine/machine";
import { Networks } from "../components/network/networks";
import { ImageStore } from "../components/storage/imageStore";
import { requireBuilt, resolveImage } from "../images/image";
import { domainName, type ClusterPlan } from "../plan/cluster";
import type { Config } from "../plan/config";
import type { DomainType } from "../plan/domain";
import { API_FILES, engineConfig, planGwbridge } from "../plan/engine";
import type { NodePlan } from "../plan/nodes";
import type { SeedFile } from "../plan/seed";
import { bestDomainType } from "./accelerator";
import { checkSiblings } from "./siblings";

/** What a target gives to the rest of the program. */
export interface Target {
  /** The nodes: managers first, then workers. */
  machines: Machine[];
  /** The machine that keeps data for services, where the config asks for one. */
  storageMachine: Machine | undefined;
  /** Of the managers' API. */
  certificates: Certificates;
  /** OpenSSH private key that logs in to every machine. */
  sshPrivateKey: pulumi.Output<string>;
  /** Identifiers of the networks that were made, by name. */
  networkIds: pulumi.Output<Record<string, string>>;
}

/**
 * Turns a plan into virtual machines on one libvirt host.
 *
 * @throws ConfigError when the image is not there, or when another stack has what this one would
 *   make, before anything is registered.
 */
export async function kvmTarget(config: Config, plan: ClusterPlan): Promise<Target> {
  checkSiblings(config);
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
  const certificates = new Certificates("api", {
    servers: plan.managers.map(({ name, ingressAddress, advertiseAddress }) => ({
      name,
      addresses: [ingressAddress, advertiseAddress],
    })),
    days: config.certificateDays,
    renewDays: config.certificateRenewDays,
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
    certificates,
    sshPrivateKey: access.privateKeyOpenssh,
    networkIds: networks.ids,
  };
}

/** What the node's engine finds at its first start. */
function engineFiles(
  config: Config,
  { name, role }: NodePlan,
  certificates: Certificates,
): pulumi.Input<SeedFile>[] {
  const { registryMirror } = config;
  const daemon = {
    path: "/etc/docker/daemon.json",
    content: engineConfig({ registryMirror, role }),
    permissions: "0644",
  };
  const server = certificates.servers[name];
  if (!server) return [daemon];
  return [
    daemon,
    { path: API_FILES.ca, content: server.ca, permissions: "0644" },
    { path: API_FILES.cert, content: server.cert, permissions: "0644" },
    { path: API_FILES.key, content: server.key, permissions: "0600" },
  ].map((file) => pulumi.output(file));
}

/**
 * `auto` means the hardware's accelerator, unless the hypervisor is this very machine and a trial
 * shows that it does not work here.
 */
async function domainType(config: Config): Promise<DomainType> {
  if (config.domainType !== "auto") return config.domainType;
  return new URL(config.libvirtUri).host ? "kvm" : bestDomainType();
}

import * as libvirt from "@pulumi/libvirt";
import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import type { Image } from "../../images/image";
import { formerlyAtTop } from "../machine/formerly";
import type { Machine } from "../machine/machine";
import { Certificates, type CertificateSettings } from "../swarm/certificates";
import { gwbridgeFile, type Gwbridge } from "../swarm/engine";
import { engineFiles } from "../swarm/engineFiles";
import { CreationNotes } from "./creationNotes";
import type { DomainType } from "./domain";
import { ImageStore } from "./imageStore";
import { KvmMachine } from "./kvmMachine";
import { Networks } from "./networks";
import {
  domainName,
  planCluster,
  type ClusterPlan,
  type ClusterSettings,
  type NodePlan,
} from "./plan";

export interface KvmMachinesArgs extends ClusterSettings {
  /** Begins the names of everything on the hypervisor. Usually the Pulumi stack's name. */
  stack: string;
  /** What machines boot from (images/image.ts). */
  image: Image;
  /** The libvirt daemon, for example `qemu:///system`. */
  libvirtUri: string;
  domainType: DomainType;
  memoryMiB: number;
  vcpus: number;
  /** Of each machine's own disk. */
  diskMB: number;
  storageMemoryMiB: number;
  /** Of the storage machine's second disk, which stays when the machine is replaced. */
  storageDiskMB: number;
  /** Who logs in: the image's user, or root. */
  sshUser: string;
  gwbridge: Gwbridge;
  /** What engines pull through; empty for none. */
  registryMirror: string;
  certificates: CertificateSettings;
}

/** Where the notes of `CreationNotes` are, from the project's folder. */
const NOTES = ".cache/creating";

/**
 * The machines of one swarm on a libvirt host: two networks, a storage pool with the image, and a machine
 * for each node. And the certificates of the managers' API, which the machines are made with.
 */
export class KvmMachines extends pulumi.ComponentResource {
  readonly plan: ClusterPlan;
  /** The nodes: managers first, then workers. */
  readonly machines: Machine[];
  /** The machine that keeps data for services, where there is one. */
  readonly storageMachine: Machine | undefined;
  readonly certificates: Certificates;
  /** The network that the nodes' advertise addresses are in. */
  readonly internalCidr: string;
  /** All networks that the machines have addresses in, that one among them. */
  readonly machineCidrs: string[];
  /** Secret: OpenSSH private key that logs in to every machine. */
  readonly sshPrivateKey: pulumi.Output<string>;
  /** libvirt's identifiers by name, of the networks that were made. */
  readonly networkIds: pulumi.Output<Record<string, string>>;

  constructor(name: string, args: KvmMachinesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("swarm:kvm:KvmMachines", name, {}, opts);
    const plan = planCluster(args, args.stack);
    this.plan = plan;
    const notes = new CreationNotes(args.libvirtUri, `${NOTES}/${args.stack}`);

    const access = new tls.PrivateKey("access", { algorithm: "ED25519" }, formerlyAtTop(this));
    const provider = new libvirt.Provider("libvirt", { uri: args.libvirtUri }, formerlyAtTop(this));
    const onHost = (formerly: string) => ({
      ...formerlyAtTop(this, formerly),
      providers: [provider],
    });
    const networks = new Networks(
      "network",
      { nat: plan.nat, internal: plan.internal, notes },
      onHost("swarm:network:Networks"),
    );
    const store = new ImageStore(
      "store",
      { poolName: plan.poolName, poolPath: plan.poolPath, image: args.image, notes },
      onHost("swarm:storage:ImageStore"),
    );
    this.certificates = new Certificates(
      "api",
      {
        servers: plan.managers.map(({ name, ingressAddress, advertiseAddress }) => ({
          name,
          addresses: [ingressAddress, advertiseAddress],
        })),
        ...args.certificates,
      },
      formerlyAtTop(this, "swarm:api:Certificates"),
    );
    const machine = (node: NodePlan, size: { memoryMiB: number; dataDiskMB?: number }) =>
      new KvmMachine(
        node.name,
        {
          node,
          domainName: domainName(plan.stack, node.name),
          domainType: args.domainType,
          diskMB: args.diskMB,
          ...size,
          vcpus: args.vcpus,
          imageFingerprint: args.image.fingerprint,
          seed: {
            nat: plan.nat,
            internal: plan.internal,
            nameservers: plan.nameservers,
            fixedFiles: [gwbridgeFile(args.gwbridge)],
          },
          engineFiles: engineFiles(args, node, this.certificates),
          sshUser: args.sshUser,
          access,
          pool: store.pool,
          basePath: store.basePath,
          natNetwork: networks.nat,
          internalNetwork: networks.internal,
          notes,
        },
        onHost("swarm:machine:KvmMachine"),
      );

    this.machines = plan.nodes.map((node) => machine(node, { memoryMiB: args.memoryMiB }));
    this.storageMachine =
      plan.storageMachine &&
      machine(plan.storageMachine, {
        memoryMiB: args.storageMemoryMiB,
        dataDiskMB: args.storageDiskMB,
      });
    this.internalCidr = plan.internal.cidr;
    this.machineCidrs = [plan.internal.cidr, plan.nat.cidr];
    this.sshPrivateKey = access.privateKeyOpenssh;
    this.networkIds = networks.ids;
    this.registerOutputs({ networkIds: this.networkIds });
  }
}

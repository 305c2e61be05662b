import * as libvirt from "@pulumi/libvirt";
import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import type { DomainType } from "./domain";
import { domainCpu } from "./domain";
import { fingerprint } from "../machine/fingerprint";
import type { Role } from "../machine/nodes";
import type { SeedFile } from "../machine/userData";
import type { Connection, Machine } from "../machine/machine";
import type { CreationNotes } from "./creationNotes";
import type { NodePlan } from "./plan";
import { nodeSeed, seedIdentity, type SeedArgs } from "./seed";
import { writeSeedVolume } from "./seedVolume";

export interface KvmMachineArgs {
  node: NodePlan;
  /** libvirt's name of the machine, unique on its host. */
  domainName: string;
  domainType: DomainType;
  memoryMiB: number;
  vcpus: number;
  diskMB: number;
  /** A second disk, which stays when the machine is replaced. Default: none. */
  dataDiskMB?: number;
  /** Changes when the node image does. */
  imageFingerprint: string;
  /** What the machine's seed says about its surroundings. */
  seed: Pick<SeedArgs, "nat" | "internal" | "nameservers" | "fixedFiles">;
  /** What its engine finds at its first start. A change of these does not replace the machine. */
  engineFiles: pulumi.Input<SeedFile>[];
  sshUser: string;
  /** The key pair that the operator logs in with. */
  access: tls.PrivateKey;
  pool: pulumi.Input<string>;
  /** Path on the hypervisor of the image that the disk is an overlay of. */
  basePath: pulumi.Input<string>;
  natNetwork: pulumi.Input<string>;
  internalNetwork: pulumi.Input<string>;
  /** What lets an `up` go on after one that was killed. */
  notes: CreationNotes;
}

/**
 * One virtual machine: its own SSH host key, a disk (an overlay of the node image), a seed volume
 * for its first boot, and the libvirt domain.
 *
 * Whatever shapes the machine (image, seed, memory, CPUs, disk size) is part of the names of its
 * volumes. Any change of it therefore replaces the domain together with its disk, never one
 * without the other, and a swarm node never comes back with another node's memory. A data disk
 * is left out of that: it is what has to outlive the machine.
 */
export class KvmMachine extends pulumi.ComponentResource implements Machine {
  readonly name: string;
  readonly role: Role;
  readonly index: number;
  readonly connection: pulumi.Output<Connection>;
  readonly ingressAddress: pulumi.Output<string>;
  readonly inboundAddress: pulumi.Output<string>;
  readonly advertiseAddress: pulumi.Output<string>;
  readonly dataDevice?: string;
  readonly identity: pulumi.Output<string>;
  readonly knownHost: pulumi.Output<string>;

  constructor(name: string, args: KvmMachineArgs, opts?: pulumi.ComponentResourceOptions) {
    super("swarm:kvm:KvmMachine", name, {}, opts);
    this.name = args.node.name;
    this.role = args.node.role;
    this.index = args.node.index;

    const hostKey = new tls.PrivateKey(
      `${name}-host-key`,
      { algorithm: "ED25519" },
      { parent: this },
    );
    const spec = pulumi
      .all([args.access.publicKeyOpenssh, hostKey.publicKeyOpenssh])
      .apply(([userKey, publicKey]) => machineFingerprint(args, userKey, publicKey));
    const disk = this.disk(`${name}-disk`, args, spec);
    const seed = this.seed(`${name}-seed`, args, spec, hostKey);
    const data = args.dataDiskMB ? [this.dataDisk(`${name}-data`, args, args.dataDiskMB)] : [];
    const domain = this.domain(`${name}-domain`, args, disk, seed, data);

    if (args.dataDiskMB) this.dataDevice = "/dev/vdc";
    this.identity = domain.uuid;
    this.ingressAddress = pulumi.output(args.node.ingressAddress);
    this.inboundAddress = this.ingressAddress;
    this.advertiseAddress = pulumi.output(args.node.advertiseAddress);
    this.connection = pulumi.output({
      host: args.node.ingressAddress,
      user: args.sshUser,
      privateKey: args.access.privateKeyOpenssh,
      hostKey: hostKey.publicKeyOpenssh,
    });
    this.knownHost = hostKey.publicKeyOpenssh.apply(
      (key) => `${args.node.ingressAddress} ${key.trim()}`,
    );
    this.registerOutputs({
      identity: this.identity,
      ingressAddress: this.ingressAddress,
      advertiseAddress: this.advertiseAddress,
    });
  }

  private disk(name: string, args: KvmMachineArgs, spec: pulumi.Output<string>): libvirt.Volume {
    return this.volume(name, args, {
      name: pulumi.interpolate`${args.node.name}-${spec}.qcow2`,
      capacity: args.diskMB * 1_000_000,
      target: { format: { type: "qcow2" } },
      backingStore: { path: args.basePath, format: { type: "qcow2" } },
    });
  }

  /**
   * Named without the machine's fingerprint, so that it stays, but with its size: a disk of another
   * size is another file, which the machine is replaced for.
   */
  private dataDisk(name: string, args: KvmMachineArgs, diskMB: number): libvirt.Volume {
    return this.volume(name, args, {
      name: `${args.node.name}-data-${diskMB}.qcow2`,
      capacity: diskMB * 1_000_000,
      target: { format: { type: "qcow2" } },
    });
  }

  private seed(
    name: string,
    args: KvmMachineArgs,
    spec: pulumi.Output<string>,
    hostKey: tls.PrivateKey,
  ): libvirt.Volume {
    const path = pulumi
      .all([
        args.access.publicKeyOpenssh,
        hostKey.publicKeyOpenssh,
        hostKey.privateKeyOpenssh,
        pulumi.all(args.engineFiles),
      ])
      .apply(async ([userKey, publicKey, privateKey, engineFiles]) => {
        if (pulumi.runtime.isDryRun()) return "";
        const seed = nodeSeed(seedArgs(args, userKey, { publicKey, privateKey }, engineFiles));
        return writeSeedVolume(args.node.name, seed);
      });
    return this.volume(
      name,
      args,
      {
        name: pulumi.interpolate`${args.node.name}-${spec}-seed.img`,
        target: { format: { type: "raw" } },
        create: { content: { url: path } },
      },
      // The name stands for the content; the path it is uploaded from is new in every run.
      { ignoreChanges: ["create"] },
    );
  }

  private volume(
    name: string,
    { pool, notes }: KvmMachineArgs,
    volume: Omit<libvirt.VolumeArgs, "pool">,
    opts: pulumi.CustomResourceOptions = {},
  ): libvirt.Volume {
    return notes.create(
      "volume",
      name,
      (hooks) => new libvirt.Volume(name, { ...volume, pool }, { ...opts, parent: this, hooks }),
    );
  }

  private domain(
    name: string,
    args: KvmMachineArgs,
    disk: libvirt.Volume,
    seed: libvirt.Volume,
    data: libvirt.Volume[],
  ): libvirt.Domain {
    // By path, not by pool and name: libvirt's AppArmor profiles only know of files.
    const volume = (source: libvirt.Volume, dev: string, type: "qcow2" | "raw") => ({
      driver: { name: "qemu", type },
      source: { file: { file: source.path } },
      target: { dev, bus: "virtio" as const },
    });
    const nic = (network: pulumi.Input<string>, address: string) => ({
      mac: { address },
      model: { type: "virtio" as const },
      source: { network: { network } },
    });
    const properties: libvirt.DomainArgs = {
      name: args.domainName,
      type: args.domainType,
      memory: args.memoryMiB,
      memoryUnit: "MiB",
      vcpu: args.vcpus,
      running: true,
      autostart: true,
      os: {
        type: "hvm",
        typeArch: "x86_64",
        typeMachine: "q35",
        bootDevices: [{ dev: "hd" }],
      },
      features: { acpi: true },
      cpu: domainCpu(args.domainType),
      clock: { offset: "utc" },
      devices: {
        disks: [
          volume(disk, "vda", "qcow2"),
          volume(seed, "vdb", "raw"),
          ...data.map((one) => volume(one, "vdc", "qcow2")),
        ],
        interfaces: [
          nic(args.natNetwork, args.node.ingressMac),
          nic(args.internalNetwork, args.node.advertiseMac),
        ],
        consoles: [{ target: { type: "serial", port: 0 } }],
      },
    };
    return args.notes.create(
      "domain",
      name,
      (hooks) =>
        new libvirt.Domain(name, properties, {
          parent: this,
          hooks,
          // Two domains of one name cannot exist side by side; no change is made to a running one.
          deleteBeforeReplace: true,
          replaceOnChanges: ["*"],
        }),
    );
  }
}

function seedArgs(
  args: KvmMachineArgs,
  userKey: string,
  hostKey: { publicKey: string; privateKey: string },
  engineFiles: SeedFile[] = [],
): SeedArgs {
  return {
    ...args.seed,
    engineFiles,
    node: args.node,
    user: { name: args.sshUser, publicKey: userKey.trim() },
    hostKey: { ...hostKey, publicKey: hostKey.publicKey.trim() },
  };
}

/** Known from public parts alone, so that the names made of it are no secrets. */
function machineFingerprint(args: KvmMachineArgs, userKey: string, publicKey: string): string {
  const { imageFingerprint, memoryMiB, vcpus, diskMB, domainType } = args;
  const seed = seedIdentity(seedArgs(args, userKey, { publicKey, privateKey: "" }));
  return fingerprint({ imageFingerprint, memoryMiB, vcpus, diskMB, domainType, seed });
}

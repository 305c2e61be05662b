/**
 * `@pulumi/libvirt`, written by hand: the resources that this project uses of the Terraform
 * provider dmacvicar/libvirt, which Pulumi runs through its dynamic bridge (plugin
 * `terraform-provider`). The `pulumi` block of this package's package.json is what makes
 * `pulumi install` fetch the bridge and the pinned provider.
 *
 * Property names and types are held against the provider's own schema by a test
 * (test/unit/kvm/libvirt-sdk.test.ts). The property tree follows libvirt's XML, so libvirt's format
 * pages explain every leaf: https://libvirt.org/format.html
 */
import * as pulumi from "@pulumi/pulumi";
import { pulumi as plugin } from "./package.json";

type Input<T> = pulumi.Input<T>;

/** Registers the parameterised provider; the SDK caches the reference for the deployment. */
async function packageReference(): Promise<string | undefined> {
  return pulumi.runtime.registerPackage({
    baseProviderName: plugin.name,
    baseProviderVersion: plugin.version,
    baseProviderDownloadUrl: "",
    packageName: plugin.parameterization.name,
    packageVersion: plugin.parameterization.version,
    base64Parameter: plugin.parameterization.value,
  });
}

export interface ProviderArgs {
  /** Which libvirtd to talk to, for example `qemu:///system` or `qemu+ssh://root@host/system`. */
  uri?: Input<string>;
}

/** A connection to one libvirtd. It connects as soon as it is configured, in previews too. */
export class Provider extends pulumi.ProviderResource {
  constructor(name: string, args: ProviderArgs, opts?: pulumi.ResourceOptions) {
    super("libvirt", name, { ...args }, opts, false, packageReference());
  }
}

/** What all four resources share: the type token and the package reference. */
abstract class LibvirtResource extends pulumi.CustomResource {
  constructor(
    module: string,
    type: string,
    name: string,
    props: pulumi.Inputs,
    opts?: pulumi.CustomResourceOptions,
  ) {
    super(`libvirt:index/${module}:${type}`, name, props, opts, false, packageReference());
  }
}

export interface NetworkArgs {
  name: Input<string>;
  /** Start it whenever the host's libvirt starts. */
  autostart?: Input<boolean>;
  bridge?: Input<{ name?: Input<string> }>;
  mtu?: Input<{ size: Input<number> }>;
  /** Absent: an isolated network, with no way out of the host. */
  forward?: Input<{ mode?: Input<"nat" | "route"> }>;
  /** `enable: "no"` keeps dnsmasq from answering names; libvirt's default is yes. */
  dns?: Input<{ enable?: Input<"yes" | "no"> }>;
  /** The host's own address on the bridge. Without `dhcp`, no leases are handed out. */
  ips?: Input<Input<{ address?: Input<string>; prefix?: Input<number> }>[]>;
}

/** A libvirt virtual network. https://libvirt.org/formatnetwork.html */
export class Network extends LibvirtResource {
  declare readonly name: pulumi.Output<string>;
  /** libvirt's identifier of the network. */
  declare readonly uuid: pulumi.Output<string>;

  constructor(name: string, args: NetworkArgs, opts?: pulumi.CustomResourceOptions) {
    super("network", "Network", name, { ...args, uuid: undefined }, opts);
  }
}

export interface PoolArgs {
  name: Input<string>;
  type: Input<"dir">;
  target?: Input<{ path?: Input<string> }>;
}

/** A storage pool. https://libvirt.org/formatstorage.html */
export class Pool extends LibvirtResource {
  declare readonly name: pulumi.Output<string>;
  declare readonly uuid: pulumi.Output<string>;

  constructor(name: string, args: PoolArgs, opts?: pulumi.CustomResourceOptions) {
    super("pool", "Pool", name, { ...args, uuid: undefined }, opts);
  }
}

/** How a disk image is laid out. */
type DiskFormat = Input<{ type: Input<"qcow2" | "raw"> }>;

export interface VolumeArgs {
  name: Input<string>;
  /** Name of the pool that holds it. */
  pool: Input<string>;
  /** Bytes; not needed where `create` brings the content. */
  capacity?: Input<number>;
  target?: Input<{ format?: DiskFormat }>;
  /** The volume that this one is an overlay of. */
  backingStore?: Input<{ path: Input<string>; format?: DiskFormat }>;
  /** Content to upload once: a path on the machine that runs Pulumi, or an http(s) URL. */
  create?: Input<{ content: Input<{ url: Input<string> }> }>;
}

/** A volume in a pool. Changing anything but `create` replaces it. */
export class Volume extends LibvirtResource {
  declare readonly name: pulumi.Output<string>;
  declare readonly pool: pulumi.Output<string>;
  /** Where it lies on the hypervisor. */
  declare readonly path: pulumi.Output<string>;

  constructor(name: string, args: VolumeArgs, opts?: pulumi.CustomResourceOptions) {
    super("volume", "Volume", name, { ...args, path: undefined }, opts);
  }
}

export interface DomainDisk {
  driver?: Input<{ name?: Input<string>; type?: Input<"qcow2" | "raw"> }>;
  source?: Input<{ file?: Input<{ file?: Input<string> }> }>;
  target?: Input<{ dev?: Input<string>; bus?: Input<"virtio"> }>;
}

export interface DomainInterface {
  mac?: Input<{ address: Input<string> }>;
  model?: Input<{ type: Input<"virtio"> }>;
  source?: Input<{ network?: Input<{ network?: Input<string> }> }>;
}

export interface DomainDevices {
  disks?: Input<Input<DomainDisk>[]>;
  interfaces?: Input<Input<DomainInterface>[]>;
  consoles?: Input<Input<{ target?: Input<{ type?: Input<string>; port?: Input<number> }> }>[]>;
}

export interface DomainArgs {
  name: Input<string>;
  /** Which accelerator runs the guest: `kvm`, or `qemu` for software emulation. */
  type: Input<"kvm" | "qemu">;
  memory?: Input<number>;
  memoryUnit?: Input<"MiB">;
  vcpu?: Input<number>;
  /** Start the guest once it is defined. */
  running?: Input<boolean>;
  /** Start the guest whenever the host's libvirt starts. */
  autostart?: Input<boolean>;
  os?: Input<{
    type?: Input<"hvm">;
    typeArch?: Input<string>;
    typeMachine?: Input<string>;
    bootDevices?: Input<Input<{ dev: Input<string> }>[]>;
  }>;
  cpu?: Input<{
    mode?: Input<string>;
    features?: Input<Input<{ name?: Input<string>; policy?: Input<string> }>[]>;
  }>;
  features?: Input<{ acpi?: Input<boolean> }>;
  clock?: Input<{ offset?: Input<string> }>;
  devices?: Input<DomainDevices>;
}

/** A virtual machine. https://libvirt.org/formatdomain.html */
export class Domain extends LibvirtResource {
  declare readonly name: pulumi.Output<string>;
  /** Made by libvirt when the machine is defined: a new machine has a new one. */
  declare readonly uuid: pulumi.Output<string>;

  constructor(name: string, args: DomainArgs, opts?: pulumi.CustomResourceOptions) {
    super("domain", "Domain", name, { ...args, uuid: undefined }, opts);
  }
}

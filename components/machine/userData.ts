import { GWBRIDGE_FILE, gwbridgeOptions, type Gwbridge } from "../swarm/engine";
import type { NetworkPlan } from "../kvm/networkPlan";
import type { NodePlan } from "./nodes";

/** What one machine reads at its first boot from a NoCloud volume. */
export interface Seed {
  userData: string;
  metaData: string;
  networkConfig: string;
}

/** What a machine's user data says, on whatever target. */
export interface UserDataArgs {
  node: Pick<NodePlan, "name">;
  /** Who may log in, with which OpenSSH public key. Any user but root gets sudo and Docker. */
  user: { name: string; publicKey: string };
  /**
   * The machine's own SSH identity, so that it can be checked from the first connection on. Without
   * it the machine makes one up, until it is brought the right one.
   */
  hostKey?: { privateKey: string; publicKey: string };
  /** Settings of docker_gwbridge, which is made before the node joins and never changed after. */
  gwbridge: Gwbridge;
  /**
   * What the engine has to find at its first start: its configuration, and the material of a
   * manager's API. A later change of them is brought to the running machine by scripts.
   */
  engineFiles: SeedFile[];
  /** Commands that run at the end of the first boot, each as a list of words. Default: none. */
  commands?: string[][];
}

export interface SeedArgs extends UserDataArgs {
  node: NodePlan;
  nat: NetworkPlan;
  internal: NetworkPlan;
  nameservers: string[];
  hostKey: { privateKey: string; publicKey: string };
}

/** A file that the first boot writes. */
export interface SeedFile {
  path: string;
  content: string;
  /** In octal, for example `0644`. */
  permissions: string;
}

/**
 * The NoCloud seed of a machine. It is plain cloud-config, written as JSON (which is YAML), and
 * stays within the keys that images/node reads, so that the lean node image and a stock cloud
 * image with cloud-init take the same seed.
 * https://cloudinit.readthedocs.io/en/latest/reference/datasources/nocloud.html
 */
export function nodeSeed(args: SeedArgs): Seed {
  return {
    metaData: JSON.stringify({
      "instance-id": args.node.name,
      "local-hostname": args.node.name,
    }),
    userData: userData(args),
    networkConfig: JSON.stringify(networkConfig(args)),
  };
}

/**
 * The part of a seed whose change makes another machine. The private host key is left out (its
 * public half stands for it), and so are the engine's files, which scripts also bring to a machine
 * that runs.
 */
export function seedIdentity(args: SeedArgs): Seed {
  const hostKey = { ...args.hostKey, privateKey: "" };
  return nodeSeed({ ...args, hostKey, engineFiles: [] });
}

/** Cloud-config for a machine's first boot. */
export function userData(args: UserDataArgs): string {
  return `#cloud-config\n${JSON.stringify(cloudConfig(args))}\n`;
}

function cloudConfig(args: UserDataArgs): object {
  const { node, user, hostKey, gwbridge, engineFiles, commands } = args;
  return {
    hostname: node.name,
    manage_etc_hosts: true,
    disable_root: user.name !== "root",
    users: [
      {
        name: user.name,
        ssh_authorized_keys: [user.publicKey],
        lock_passwd: true,
        ...(user.name === "root"
          ? {}
          : { sudo: "ALL=(ALL) NOPASSWD:ALL", groups: "docker", shell: "/bin/bash" }),
      },
    ],
    ssh_pwauth: false,
    ssh_deletekeys: true,
    ...(hostKey
      ? {
          ssh_keys: {
            ed25519_private: hostKey.privateKey,
            ed25519_public: hostKey.publicKey,
          },
        }
      : {}),
    write_files: [
      { path: GWBRIDGE_FILE, content: gwbridgeOptions(gwbridge), permissions: "0644" },
      ...engineFiles,
    ],
    ...(commands ? { runcmd: commands } : {}),
  };
}

function networkConfig({ node, nat, internal, nameservers }: SeedArgs): object {
  return {
    version: 2,
    ethernets: {
      eth0: {
        match: { macaddress: node.ingressMac },
        "set-name": "eth0",
        dhcp4: false,
        mtu: nat.mtu,
        addresses: [`${node.ingressAddress}/${nat.prefixLength}`],
        routes: [{ to: "default", via: nat.hostAddress }],
        nameservers: { addresses: nameservers },
      },
      eth1: {
        match: { macaddress: node.advertiseMac },
        "set-name": "eth1",
        dhcp4: false,
        mtu: internal.mtu,
        addresses: [`${node.advertiseAddress}/${internal.prefixLength}`],
      },
    },
  };
}

import { userData, type UserDataArgs } from "../machine/userData";
import type { NetworkPlan, NodePlan } from "./plan";

/** What one machine reads at its first boot from a NoCloud volume. */
export interface Seed {
  userData: string;
  metaData: string;
  networkConfig: string;
}

export interface SeedArgs extends UserDataArgs {
  node: NodePlan;
  nat: NetworkPlan;
  internal: NetworkPlan;
  nameservers: string[];
  hostKey: { privateKey: string; publicKey: string };
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

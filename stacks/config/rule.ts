import { isAddress, isInside, overlap } from "../../components/machine/addresses";
import type { Config, ConfigKey } from "./schema";

/** Something wrong with keys that are good one by one. */
export interface Complaint {
  /** The key to change. */
  key: ConfigKey;
  /** Continues the sentence `<key>: "<value>" ...`, like the messages of single keys. */
  message: string;
}

/** Docker's own bridge on every node. */
const DOCKER0 = "172.17.0.0/16";

/** Every machine's name for itself. */
const LOOPBACK = "127.0.0.0/8";

/** Bytes of a packet that VXLAN takes (RFC 7348), and IPsec at most on top of it (RFC 4303). */
const VXLAN_BYTES = 50;
const IPSEC_BYTES = 50;

/** The keys that are subnets. */
type SubnetKey = Extract<ConfigKey, `${string}Cidr` | `${string}Subnet` | "overlayAddressPool">;

/** A condition on several keys. It is looked at only when each of them is good by itself. */
export interface Rule {
  reads: readonly ConfigKey[];
  broken(config: Config): Complaint | undefined;
}

/** Keeps a rule to the keys that it says it reads. */
export function rule<K extends ConfigKey>(
  reads: readonly K[],
  broken: (config: Pick<Config, K>) => Complaint | undefined,
): Rule {
  return { reads, broken };
}

export function complain(key: ConfigKey, message: string): Complaint {
  return { key, message };
}

/** The same rules, for one target only: what the other has no use for is not looked at there. */
export function only(target: Config["target"], rules: Rule[]): Rule[] {
  return rules.map(({ reads, broken }) => ({
    reads: [...reads, "target"],
    broken: (config) => (config.target === target ? broken(config) : undefined),
  }));
}

/** Refuses a subnet that has addresses in common with another key's. */
export function outside(key: SubnetKey, other: SubnetKey): Rule {
  return rule([key, other], (config) =>
    overlap(config[key], config[other])
      ? complain(key, `overlaps ${other} (${config[other]}); write a network outside it`)
      : undefined,
  );
}

/** Refuses a subnet that has addresses in common with Docker's own bridge on every node. */
export function outsideDocker0(key: SubnetKey): Rule {
  return rule([key], (config) =>
    overlap(config[key], DOCKER0)
      ? complain(key, `overlaps Docker's docker0 (${DOCKER0}); write a network outside it`)
      : undefined,
  );
}

/** The keys with the subnets that every node itself has a bridge in. */
export const BRIDGE_SUBNETS = ["gwbridgeSubnet"] as const;

/** The same, and those of overlay networks, which exist inside containers only. */
export const CONTAINER_SUBNETS = [
  ...BRIDGE_SUBNETS,
  "overlayAddressPool",
  "ingressSubnet",
] as const;

/**
 * What is wrong with a host that nodes, or their containers, are to reach: they look for an address of
 * one of their own networks there. A host name passes.
 *
 * @param keys the config's subnets that the one who asks is in
 */
export function unreachable<Key extends (typeof CONTAINER_SUBNETS)[number]>(
  config: Pick<Config, Key>,
  keys: readonly Key[],
  host: string,
): string | undefined {
  if (host === "localhost") return "is the node itself";
  if (!isAddress(host)) return undefined;
  const networks = [
    [LOOPBACK, "the node itself"],
    [DOCKER0, "Docker's docker0"],
    ...keys.map((key) => [config[key], key] as const),
  ] as const;
  const [cidr, name] = networks.find(([subnet]) => isInside(host, subnet)) ?? [];
  if (!cidr) return undefined;
  return cidr === LOOPBACK
    ? `is ${name}`
    : `is inside ${name} (${cidr}), where nodes have their containers`;
}

/** Keeps the ingress network's packets within those of the network between the nodes. */
export function ingressMtuProblem(
  { ingressMtu, ingressEncrypted }: Pick<Config, "ingressMtu" | "ingressEncrypted">,
  carrier: string,
  carrierMtu: number,
): Complaint | undefined {
  const taken = VXLAN_BYTES + (ingressEncrypted ? IPSEC_BYTES : 0);
  const most = carrierMtu - taken;
  return ingressMtu > most
    ? complain(
        "ingressMtu",
        `does not fit into ${carrier} (${carrierMtu}), of which the ` +
          `overlay takes ${taken} bytes; write at most ${most}`,
      )
    : undefined;
}

import {
  hostAddress,
  isInside,
  nodeAddresses,
  overlap,
  poolHas,
  poolSize,
  type AddressPool,
} from "../addresses";
import { MANAGER_SLOTS, slotsNeeded } from "../slots";
import type { Config, ConfigKey } from "./schema";

/** Something wrong with keys that are good one by one. */
interface Complaint {
  /** The key to change. */
  key: ConfigKey;
  /** Continues the sentence `<key>: "<value>" ...`, like the messages of single keys. */
  message: string;
}

/** A condition on several keys. It is looked at only when each of them is good by itself. */
export interface Rule {
  reads: readonly ConfigKey[];
  broken(config: Config): Complaint | undefined;
}

/** What Docker's own bridges take on every node. */
const DOCKER_BRIDGES = { docker0: "172.17.0.0/16", docker_gwbridge: "172.18.0.0/16" };

const NETWORKS = ["natNetwork", "internalNetwork"] as const;

export const rules: Rule[] = [
  rule(["natNetworkName", "internalNetworkName"], (config) =>
    config.natNetworkName === config.internalNetworkName
      ? complain("internalNetworkName", "is natNetworkName too; write another name")
      : undefined,
  ),

  rule(["natNetworkBridge", "internalNetworkBridge"], (config) =>
    config.natNetworkBridge === config.internalNetworkBridge && config.natNetworkBridge
      ? complain("internalNetworkBridge", "is natNetworkBridge too; write another name")
      : undefined,
  ),

  ...NETWORKS.map((network) =>
    rule([`${network}Bridge`, `${network}Exists`], (config) =>
      config[`${network}Bridge`] === "" && !config[`${network}Exists`]
        ? complain(
            `${network}Bridge`,
            `is no name, and the network is to be made; write a name, or set ${network}Exists`,
          )
        : undefined,
    ),
  ),

  rule(["natNetworkCidr", "internalNetworkCidr"], (config) =>
    overlap(config.natNetworkCidr, config.internalNetworkCidr)
      ? complain(
          "internalNetworkCidr",
          `overlaps natNetworkCidr (${config.natNetworkCidr}); write a network outside it`,
        )
      : undefined,
  ),

  ...(["natNetworkCidr", "internalNetworkCidr", "overlayAddressPool"] as const).flatMap((key) =>
    Object.entries(DOCKER_BRIDGES).map(([bridge, cidr]) =>
      rule([key], (config) =>
        overlap(config[key], cidr)
          ? complain(key, `overlaps Docker's ${bridge} (${cidr}); write a network outside it`)
          : undefined,
      ),
    ),
  ),

  ...NETWORKS.map((network) =>
    rule([`${network}Cidr`, "overlayAddressPool"], (config) =>
      overlap(config[`${network}Cidr`], config.overlayAddressPool)
        ? complain(
            `${network}Cidr`,
            `overlaps overlayAddressPool (${config.overlayAddressPool}), where Docker's overlay ` +
              "networks are; write a network outside it, or move overlayAddressPool",
          )
        : undefined,
    ),
  ),

  ...NETWORKS.map((network) =>
    rule([`${network}Addresses`, `${network}Cidr`], (config) => {
      const message = poolProblem(config[`${network}Addresses`], config[`${network}Cidr`]);
      return message ? complain(`${network}Addresses`, message) : undefined;
    }),
  ),

  ...NETWORKS.map((network) =>
    rule([`${network}Addresses`, "workers"], (config) => {
      const has = poolSize(config[`${network}Addresses`]);
      const needs = slotsNeeded(config.workers);
      return has < needs
        ? complain(
            `${network}Addresses`,
            `has ${has} addresses and needs ${needs} (${MANAGER_SLOTS} kept for managers, ` +
              `${config.workers} for workers); write a longer range, or fewer workers`,
          )
        : undefined;
    }),
  ),
];

/** What is wrong with a pool as a part of its network. */
function poolProblem(pool: AddressPool, cidr: string): string | undefined {
  const usable = nodeAddresses(cidr);
  const remedy = `write a range within ${usable.first}-${usable.last}`;
  if (!isInside(pool.first, cidr) || !isInside(pool.last, cidr)) {
    return `is not inside the network ${cidr}; ${remedy}`;
  }
  if (poolHas(pool, hostAddress(cidr))) {
    return `includes ${hostAddress(cidr)}, the host's own address; ${remedy}`;
  }
  if (!poolHas(usable, pool.first) || !poolHas(usable, pool.last)) {
    return `includes the network's own or its broadcast address; ${remedy}`;
  }
  return undefined;
}

/** Keeps a rule to the keys that it says it reads. */
function rule<K extends ConfigKey>(
  reads: readonly K[],
  broken: (config: Pick<Config, K>) => Complaint | undefined,
): Rule {
  return { reads, broken };
}

function complain(key: ConfigKey, message: string): Complaint {
  return { key, message };
}

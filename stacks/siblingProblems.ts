import { isPrivate, nextNetwork, overlap, poolsOverlap } from "../components/machine/addresses";
import type { Config, ConfigKey } from "./config";

/** Another stack of this project. */
export interface Sibling {
  /** Name of the stack. */
  stack: string;
  config: Config;
}

const NETWORKS = [
  { key: "natNetwork", short: "nat" },
  { key: "internalNetwork", short: "int" },
] as const;
type Network = (typeof NETWORKS)[number]["key"];

/** libvirt's limit of a network's name here, and Linux's of a bridge's. */
const NAME_LENGTH = 50;
const BRIDGE_LENGTH = 15;

/**
 * What keeps a stack from being on one hypervisor together with others: libvirt and Linux have each
 * network name, bridge and subnet once. A network that several stacks use has to be there already
 * for all of them, and gives each its own addresses.
 *
 * @param stack The name of the stack with this config.
 * @returns One line each, as ConfigError takes them.
 */
export function siblingProblems(config: Config, stack: string, others: Sibling[]): string[] {
  const siblings = others.filter((other) => onOneHost(config, other.config));
  const taken = [config, ...siblings.map((other) => other.config)].flatMap((one) =>
    NETWORKS.map(({ key }) => one[`${key}Cidr`]),
  );
  const free = freeNetwork([...taken, config.overlayAddressPool, config.gwbridgeSubnet]);

  return siblings.flatMap((sibling) => {
    const whose = `is also that of stack "${sibling.stack}" (Pulumi.${sibling.stack}.yaml)`;
    return NETWORKS.flatMap(({ key, short }) =>
      NETWORKS.flatMap(({ key: other }): string[] => {
        const own = ofNetwork(config, key);
        const theirs = ofNetwork(sibling.config, other);
        const blame = (name: ConfigKey, value: string, message: string) =>
          `${name}: ${JSON.stringify(value)} ${message}`;

        if (own.name === theirs.name && own.exists && theirs.exists) {
          return poolsOverlap(own.pool, theirs.pool)
            ? [
                blame(
                  `${key}Addresses`,
                  range(own.pool),
                  `has addresses of ${other}Addresses of stack "${sibling.stack}" ` +
                    `(Pulumi.${sibling.stack}.yaml: ${range(theirs.pool)}), which uses the same ` +
                    "network; write a range outside it",
                ),
              ]
            : [];
        }
        const problems: string[] = [];
        if (own.name === theirs.name) {
          const name = `${own.name}-${stack}`.slice(0, NAME_LENGTH);
          problems.push(
            blame(
              `${key}Name`,
              own.name,
              `${whose}; write another name, such as ${name}, or set ${key}Exists here and ` +
                `${other}Exists there for a network that both use`,
            ),
          );
        }
        if (own.bridge !== "" && own.bridge === theirs.bridge) {
          const bridge = `${stack.slice(0, BRIDGE_LENGTH - short.length - 1)}-${short}`;
          problems.push(
            blame(`${key}Bridge`, own.bridge, `${whose}; write another name, such as ${bridge}`),
          );
        }
        if (overlap(own.cidr, theirs.cidr)) {
          const instead = free(own.cidr);
          problems.push(
            blame(
              `${key}Cidr`,
              own.cidr,
              `overlaps ${other}Cidr of stack "${sibling.stack}" (Pulumi.${sibling.stack}.yaml: ` +
                `${theirs.cidr}); write a network outside it` +
                (instead ? `, such as ${instead} (with ${key}Addresses inside it)` : ""),
            ),
          );
        }
        return problems;
      }),
    );
  });
}

function onOneHost(config: Config, other: Config): boolean {
  return other.target === "kvm" && other.libvirtUri === config.libvirtUri;
}

function ofNetwork(config: Config, network: Network) {
  return {
    name: config[`${network}Name`],
    bridge: config[`${network}Bridge`],
    cidr: config[`${network}Cidr`],
    pool: config[`${network}Addresses`],
    exists: config[`${network}Exists`],
  };
}

/** Finds the next private network of the same size that is not taken, where there is one. */
function freeNetwork(taken: string[]) {
  return (cidr: string): string | undefined => {
    let next = nextNetwork(cidr);
    while (next && isPrivate(next) && taken.some((one) => overlap(one, next!))) {
      next = nextNetwork(next);
    }
    return next && isPrivate(next) ? next : undefined;
  };
}

function range({ first, last }: { first: string; last: string }): string {
  return `${first}-${last}`;
}

import {
  hostAddress,
  hostAddresses,
  isInside,
  nodeAddresses,
  overlap,
  poolHas,
  poolSize,
  type AddressPool,
} from "../addresses";
import { NODE_PORTS, portOf } from "../publish";
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

/** Docker's own bridge on every node. */
const DOCKER0 = "172.17.0.0/16";

/** Bytes of a packet that VXLAN takes (RFC 7348), and IPsec at most on top of it (RFC 4303). */
const VXLAN_BYTES = 50;
const IPSEC_BYTES = 50;

/** The keys that are subnets on every node. */
const SUBNETS = [
  "natNetworkCidr",
  "internalNetworkCidr",
  "overlayAddressPool",
  "ingressSubnet",
  "gwbridgeSubnet",
] as const;

/** The services that publish ports, each with the switch that turns it on. */
const PUBLISHERS = ["web", "portainer", "visualizer", "dnsCache"] as const;

/** What an NFS server and its export look like, for messages. */
const NFS_EXAMPLES = { nfsServer: "192.168.42.1", nfsExport: "/srv/swarm" };

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

  ...SUBNETS.map((key) =>
    rule([key], (config) =>
      overlap(config[key], DOCKER0)
        ? complain(key, `overlaps Docker's docker0 (${DOCKER0}); write a network outside it`)
        : undefined,
    ),
  ),

  ...(["ingressSubnet", "gwbridgeSubnet"] as const).flatMap((key) =>
    NETWORKS.map((network) => outside(key, `${network}Cidr`)),
  ),
  outside("gwbridgeSubnet", "overlayAddressPool"),
  outside("gwbridgeSubnet", "ingressSubnet"),

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

  rule(["ingressGateway", "ingressSubnet"], (config) =>
    poolHas(hostAddresses(config.ingressSubnet), config.ingressGateway)
      ? undefined
      : complain(
          "ingressGateway",
          `is no address that a host can have in ingressSubnet (${config.ingressSubnet}); ` +
            `write one such as ${hostAddress(config.ingressSubnet)}`,
        ),
  ),

  rule(["ingressMtu", "ingressEncrypted", "internalNetworkMtu"], (config) => {
    const taken = VXLAN_BYTES + (config.ingressEncrypted ? IPSEC_BYTES : 0);
    const most = config.internalNetworkMtu - taken;
    return config.ingressMtu > most
      ? complain(
          "ingressMtu",
          `does not fit into internalNetworkMtu (${config.internalNetworkMtu}), of which the ` +
            `overlay takes ${taken} bytes; write at most ${most}`,
        )
      : undefined;
  }),

  rule(["drainedNodes", "managers", "workers"], (config) => {
    const unknown = config.drainedNodes.find((name) => !hasNode(config, name));
    return unknown
      ? complain(
          "drainedNodes",
          `names ${unknown}, which is no node of this stack; ${namesOf(config)}`,
        )
      : undefined;
  }),

  rule(["nodeLabels", "managers", "workers"], (config) => {
    const unknown = config.nodeLabels
      .map(({ nodes }) => nodes)
      .find((nodes) => nodes !== "manager" && nodes !== "worker" && !hasNode(config, nodes));
    return unknown
      ? complain(
          "nodeLabels",
          `names ${unknown}, which is no node of this stack; ${namesOf(config)}`,
        )
      : undefined;
  }),

  rule(["certificateDays", "certificateRenewDays"], (config) =>
    config.certificateRenewDays >= config.certificateDays
      ? complain(
          "certificateRenewDays",
          `is not less than certificateDays (${config.certificateDays}), so every up would renew ` +
            `the certificates; write at most ${config.certificateDays - 1}`,
        )
      : undefined,
  ),

  ...PUBLISHERS.map((service) =>
    rule([service, `${service}Publish`], (config) => {
      const taken = config[service]
        ? config[`${service}Publish`].map(portOf).find((port) => port in NODE_PORTS)
        : undefined;
      return taken
        ? complain(
            `${service}Publish`,
            `publishes ${taken}, which is the nodes' own (${NODE_PORTS[taken]}); write another port`,
          )
        : undefined;
    }),
  ),

  ...pairs(PUBLISHERS).map(([one, other]) =>
    rule([one, other, `${one}Publish`, `${other}Publish`], (config) => {
      if (!config[one] || !config[other]) return undefined;
      const ports = config[`${one}Publish`].map(portOf);
      const taken = config[`${other}Publish`].map(portOf).find((port) => ports.includes(port));
      return taken
        ? complain(
            `${other}Publish`,
            `publishes ${taken}, which ${one} publishes too (${one}Publish); write another port`,
          )
        : undefined;
    }),
  ),

  rule(["web", "webPublish", "webReplicas", "managers", "workers"], (config) => {
    const nodes = config.managers + config.workers;
    const hostMode = config.webPublish.some(({ mode }) => mode === "host");
    return config.web && hostMode && config.webReplicas > nodes
      ? complain(
          "webReplicas",
          `is more than the stack has nodes (${nodes}), and each has a "host:" port of ` +
            `webPublish for one replica only; write at most ${nodes}`,
        )
      : undefined;
  }),

  ...(["nfsServer", "nfsExport"] as const).map((key) =>
    rule(["storage", key], ({ storage, [key]: value }) => {
      if ((storage === "nfs") === (value !== "")) return undefined;
      return complain(
        key,
        storage === "nfs"
          ? `is empty, but storage is nfs; write one such as ${NFS_EXAMPLES[key]}, or storage: none`
          : `is set, but storage is ${storage}; write nothing, or storage: nfs`,
      );
    }),
  ),
];

/** Refuses a subnet that has addresses in common with another key's. */
function outside(key: (typeof SUBNETS)[number], other: (typeof SUBNETS)[number]): Rule {
  return rule([key, other], (config) =>
    overlap(config[key], config[other])
      ? complain(key, `overlaps ${other} (${config[other]}); write a network outside it`)
      : undefined,
  );
}

type Counts = Pick<Config, "managers" | "workers">;

function hasNode({ managers, workers }: Counts, name: string): boolean {
  const [, prefix, index] = /^(mg|worker)(\d+)$/.exec(name) ?? [];
  return Number(index) < (prefix === "mg" ? managers : workers);
}

function namesOf({ managers, workers }: Counts): string {
  const ofWorkers = workers > 0 ? ` and worker0 to worker${workers - 1}` : "";
  return `its nodes are mg0 to mg${managers - 1}${ofWorkers}`;
}

/** Every two of a list, in its order. */
function pairs<T>(list: readonly T[]): [T, T][] {
  return list.flatMap((one, i) => list.slice(i + 1).map((other): [T, T] => [one, other]));
}

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

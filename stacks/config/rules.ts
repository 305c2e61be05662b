import { hostAddress, hostAddresses, poolHas } from "../../components/machine/addresses";
import { managerOfBackup } from "../../components/backup/plan";
import { NODE_PORTS, portOf } from "../../components/swarm/publish";
import { ec2Rules } from "./ec2Rules";
import { kvmRules } from "./kvmRules";
import {
  complain,
  BRIDGE_SUBNETS,
  outside,
  outsideDocker0,
  rule,
  unreachable,
  type Rule,
} from "./rule";
import type { Config } from "./schema";

/** The services that publish ports, each with the switch that turns it on. */
const PUBLISHERS = [
  { service: "web", on: "web" },
  { service: "portainer", on: "portainer" },
  { service: "visualizer", on: "visualizer" },
  { service: "dnsCache", on: "dnsCache" },
  { service: "prometheus", on: "monitoring" },
  { service: "alertmanager", on: "monitoring" },
  { service: "grafana", on: "grafana" },
] as const;

/** What an NFS server and its export look like, for messages. */
const NFS_EXAMPLES = { nfsServer: "192.168.42.1", nfsExport: "/srv/swarm" };

export const rules: Rule[] = [
  ...kvmRules,
  ...ec2Rules,

  ...(["overlayAddressPool", "ingressSubnet", "gwbridgeSubnet"] as const).map(outsideDocker0),

  outside("gwbridgeSubnet", "overlayAddressPool"),
  outside("gwbridgeSubnet", "ingressSubnet"),

  rule(["registryMirror", ...BRIDGE_SUBNETS], (config) => {
    const { registryMirror } = config;
    const problem =
      registryMirror && unreachable(config, BRIDGE_SUBNETS, new URL(registryMirror).hostname);
    return problem
      ? complain(
          "registryMirror",
          `names a host that ${problem}; write one elsewhere that all nodes reach, or nothing`,
        )
      : undefined;
  }),

  rule(["nfsServer", "storage", ...BRIDGE_SUBNETS], (config) => {
    const problem =
      config.storage === "nfs" && unreachable(config, BRIDGE_SUBNETS, config.nfsServer);
    return problem
      ? complain("nfsServer", `${problem}; write a server elsewhere that all nodes reach`)
      : undefined;
  }),

  rule(["ingressGateway", "ingressSubnet"], (config) =>
    poolHas(hostAddresses(config.ingressSubnet), config.ingressGateway)
      ? undefined
      : complain(
          "ingressGateway",
          `is no address that a host can have in ingressSubnet (${config.ingressSubnet}); ` +
            `write one such as ${hostAddress(config.ingressSubnet)}`,
        ),
  ),

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

  ...PUBLISHERS.map(({ service, on }) =>
    rule([on, `${service}Publish`], (config) => {
      const taken = config[on]
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
    rule([one.on, other.on, `${one.service}Publish`, `${other.service}Publish`], (config) => {
      if (!config[one.on] || !config[other.on]) return undefined;
      const ports = config[`${one.service}Publish`].map(portOf);
      const taken = config[`${other.service}Publish`]
        .map(portOf)
        .find((port) => ports.includes(port));
      return taken
        ? complain(
            `${other.service}Publish`,
            `publishes ${taken}, which ${one.service} publishes too (${one.service}Publish); ` +
              "write another port",
          )
        : undefined;
    }),
  ),

  rule(["web", "webPublish", "webReplicas", "webAutoscale", "managers", "workers"], (config) => {
    const nodes = config.managers + config.workers;
    const hostMode = config.webPublish.some(({ mode }) => mode === "host");
    return config.web && hostMode && !config.webAutoscale && config.webReplicas > nodes
      ? complain(
          "webReplicas",
          `is more than the stack has nodes (${nodes}), and each has a "host:" port of ` +
            `webPublish for one replica only; write at most ${nodes}`,
        )
      : undefined;
  }),

  ...(["grafana", "autoscaling"] as const).map((key) =>
    rule([key, "monitoring"], (config) =>
      config[key] && !config.monitoring
        ? complain(key, "needs monitoring, which is false; write monitoring: true, or false here")
        : undefined,
    ),
  ),

  rule(["web", "webPublish", "webAutoscale", "managers", "workers"], (config) => {
    const nodes = config.managers + config.workers;
    const hostMode = config.webPublish.some(({ mode }) => mode === "host");
    return config.web && hostMode && (config.webAutoscale?.max ?? 0) > nodes
      ? complain(
          "webAutoscale",
          `has more replicas than the stack has nodes (${nodes}), and each has a "host:" port of ` +
            `webPublish for one replica only; write at most max=${nodes}`,
        )
      : undefined;
  }),

  rule(["webAutoscale", "autoscaling"], ({ webAutoscale, autoscaling }) =>
    webAutoscale && !autoscaling
      ? complain(
          "webAutoscale",
          "is set, but nothing acts on it; write autoscaling: true, or nothing",
        )
      : undefined,
  ),

  rule(["webAutoscale", "webCpus"], ({ webAutoscale, webCpus }) =>
    webAutoscale?.cpuPercent !== undefined && webCpus === undefined
      ? complain(
          "webAutoscale",
          "has a target of CPU, which is a share of webCpus, and that is empty; write how many CPUs " +
            "a replica has, such as webCpus: 0.25",
        )
      : undefined,
  ),

  rule(["restore", "storage"], ({ restore, storage }) =>
    restore !== "" && storage === "none"
      ? complain("restore", "is set, but storage is none; write the storage that has the backup")
      : undefined,
  ),

  rule(["restore", "managers", "workers"], (config) => {
    const manager = managerOfBackup(config.restore);
    return manager && !hasNode(config, manager)
      ? complain("restore", `is of ${manager}, which is no node of this stack; ${namesOf(config)}`)
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

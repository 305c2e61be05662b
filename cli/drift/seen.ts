import type { Publish } from "../../components/swarm/publish";
import { taskBounds } from "../../components/service/plan";
import type { Cluster } from "../../conformance/cluster";
import { runShell } from "../../conformance/docker";
import {
  gwbridgeSettings,
  ingressSettings,
  inspectGwbridge,
  listIngress,
} from "../../conformance/networks";
import type { NodeOutput, ServiceOutput, StackOutputs } from "../../stacks/outputs";
import { portName, wantedReplicas, type Service, type Swarm } from "./wanted";

/** The program's own notes at nodes, which are no labels that anybody asked for. */
const OWN_LABEL = /^swarm\./;

/** What `docker node inspect` says, as far as it is used here. */
interface NodeJson {
  Spec: { Role: string; Availability: string; Labels: Record<string, string> };
  Description: { Hostname: string };
  Status: { State: string; Addr: string };
  /** Its address is the one that counts: Status.Addr of the leader can be 0.0.0.0. */
  ManagerStatus?: { Addr: string };
}

/** What `docker service inspect` says, likewise. */
interface ServiceJson {
  Spec: {
    Name: string;
    TaskTemplate: { ContainerSpec: { Image: string } };
    Mode: { Replicated?: { Replicas: number } };
    EndpointSpec?: {
      Ports?: {
        PublishMode: Publish["mode"];
        Protocol: Publish["protocol"];
        PublishedPort: number;
        TargetPort: number;
      }[];
    };
  };
}

/** The running swarm, in the words of the program. */
export async function seen(cluster: Cluster): Promise<Swarm> {
  const { outputs } = cluster;
  const manager = await managerThatAnswers(cluster);
  const inspect = async <T>(what: "node" | "service"): Promise<T[]> => {
    const ids = `docker ${what} ls --quiet | xargs --no-run-if-empty docker ${what} inspect`;
    return JSON.parse((await runShell(cluster, manager, ids)) || "[]") as T[];
  };
  const nodes = await inspect<NodeJson>("node");
  const services = await inspect<ServiceJson>("service");
  const own = await Promise.all(nodes.map((node) => ownSettings(cluster, node)));
  return {
    nodes: Object.fromEntries(
      nodes.map((node, i) => [node.Description.Hostname, { ...asWanted(node), ...own[i]! }]),
    ),
    ingress: await ingress(cluster, manager),
    services: Object.fromEntries(services.map(({ Spec }) => [Spec.Name, service(Spec, outputs)])),
  };
}

/** A manager may be what is missing. */
async function managerThatAnswers(cluster: Cluster): Promise<NodeOutput> {
  return cluster.askAManager("no manager can list the nodes:", async (manager) => {
    await cluster.run(manager, "docker node ls");
    return manager;
  });
}

export function asWanted({ Spec, Status, ManagerStatus }: NodeJson) {
  return {
    role: Spec.Role,
    status: Status.State,
    availability: Spec.Availability,
    advertiseAddress: ManagerStatus?.Addr.replace(/:\d+$/, "") ?? Status.Addr,
    labels: Object.fromEntries(
      Object.entries(Spec.Labels).filter(([name]) => !OWN_LABEL.test(name)),
    ),
  };
}

/** What only the node itself can tell. Of one that is no node of the program, or down, nothing. */
async function ownSettings(cluster: Cluster, { Description, Status }: NodeJson) {
  const node = cluster.nodes.find(({ name }) => name === Description.Hostname);
  if (!node || Status.State !== "ready") return { engine: {}, gwbridge: {} };
  return {
    engine: JSON.parse(await cluster.run(node, "cat /etc/docker/daemon.json")) as object,
    gwbridge: gwbridgeSettings(await inspectGwbridge(cluster, node)),
  };
}

async function ingress(cluster: Cluster, manager: NodeOutput): Promise<Swarm["ingress"]> {
  const [found] = await listIngress(cluster, manager);
  if (!found) return {};
  const { id, name, subnet, gateway, mtu, encrypted } = ingressSettings(found);
  return { id, name, subnet, gateway, mtu, encrypted };
}

export function service(
  { Name, TaskTemplate, Mode, EndpointSpec }: ServiceJson["Spec"],
  { composeServices, services }: Pick<StackOutputs, "composeServices" | "services">,
): Service {
  if (composeServices.includes(Name)) return {};
  // The swarm has it by digest, and the program by what it asked for.
  const plan = services.find(({ name }) => name === Name);
  const asked = plan?.image;
  const { Image } = TaskTemplate.ContainerSpec;
  return {
    image: asked?.includes("@") ? Image : Image.replace(/@sha256:.*/, ""),
    replicas: replicasOf(Mode.Replicated?.Replicas ?? "global", plan),
    publish: (EndpointSpec?.Ports ?? [])
      .map(({ PublishMode, Protocol, PublishedPort, TargetPort }) =>
        portName({
          mode: PublishMode,
          protocol: Protocol,
          published: PublishedPort,
          target: TargetPort,
        }),
      )
      .sort(),
  };
}

/** Any number that the autoscaler may choose is as good as another. */
function replicasOf(found: number | "global", plan: ServiceOutput | undefined): number | string {
  const bounds = plan && taskBounds(plan);
  const within = bounds && found !== "global" && found >= bounds.min && found <= bounds.max;
  return within ? wantedReplicas(plan) : found;
}

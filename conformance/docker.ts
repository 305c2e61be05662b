/** What `docker` on the nodes says, in the form in which the checks need it. */
import { quote } from "shell-quote";
import type { Cluster } from "./cluster";
import type { NodeOutput, ServiceOutput, StackOutputs } from "../stacks/outputs";

/** A service of the stack by its name in the swarm; undefined when the config switches it off. */
export function serviceOf(outputs: StackOutputs, name: string): ServiceOutput | undefined {
  return outputs.services.find((service) => service.name === name);
}

/** Runs a command on a node, each of its words as it is. */
export function runWords(cluster: Cluster, node: NodeOutput, ...words: string[]): Promise<string> {
  return cluster.run(node, quote(words));
}

/** Runs a line of shell on a node. */
export function runShell(cluster: Cluster, node: NodeOutput, script: string): Promise<string> {
  return runWords(cluster, node, "sh", "-c", script);
}

/** A row of `docker service ps`. */
export interface Task {
  service: string;
  name: string;
  node: string;
  /** What the swarm wants: `Running`, `Ready` (about to be), `Shutdown` or `Remove`. */
  desired: string;
  /** What is, with since when: `Running 5 minutes ago`. */
  state: string;
  error: string;
}

/** The tasks of services that are there or should be, as a manager lists them. */
export async function listTasks(cluster: Cluster, services: ServiceOutput[]): Promise<Task[]> {
  const lines = await runWords(
    ...([cluster, cluster.managers[0]!] as const),
    "docker",
    "service",
    "ps",
    "--no-trunc",
    "--format",
    "json",
    ...services.map(({ name }) => name),
  );
  return parseTasks(lines).filter(({ desired }) => ["Running", "Ready"].includes(desired));
}

/** Reads the output of `docker service ps --no-trunc --format json`. */
export function parseTasks(lines: string): Task[] {
  return lines
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line))
    .map(({ Name, Node, DesiredState, CurrentState, Error: error }) => ({
      // A task is called SERVICE.NUMBER, or SERVICE.NODE-ID where the service is global.
      service: Name.slice(0, Name.lastIndexOf(".")),
      name: Name,
      node: Node,
      desired: DesiredState,
      state: CurrentState,
      error,
    }));
}

export function isRunning(task: Task): boolean {
  return task.state.startsWith("Running");
}

/** A network as one node knows it. */
export interface NetworkSeen {
  id: string;
  name: string;
  driver: string;
  /** Whether it is an ingress network. */
  ingress: boolean;
  subnet: string | undefined;
  gateway: string | undefined;
  options: Record<string, string>;
  /** What is connected to it on this node: IDs of containers, or, for the ingress network, `NAME-sbox`. */
  endpoints: string[];
}

/** What `docker network inspect` says, as far as it is used here. */
interface NetworkJson {
  Id: string;
  Name: string;
  Driver: string;
  Ingress: boolean;
  IPAM: { Config: { Subnet?: string; Gateway?: string }[] | null };
  Options: Record<string, string> | null;
  Containers: Record<string, unknown> | null;
}

/** Reads the output of `docker network inspect`; without any network there is no output at all. */
export function parseNetworks(json: string): NetworkSeen[] {
  const networks: NetworkJson[] = JSON.parse(json || "[]");
  return networks.map(({ Id, Name, Driver, Ingress, IPAM, Options, Containers }) => ({
    id: Id,
    name: Name,
    driver: Driver,
    ingress: Ingress,
    subnet: IPAM.Config?.[0]?.Subnet,
    gateway: IPAM.Config?.[0]?.Gateway,
    options: Options ?? {},
    endpoints: Object.keys(Containers ?? {}),
  }));
}

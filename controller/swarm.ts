/* The swarm, as its managers' API has it. https://docs.docker.com/reference/api/engine/ */
import Docker from "dockerode";

export interface SwarmNode {
  name: string;
  role: string;
  /** The managers hear from it. */
  ready: boolean;
  /** It takes tasks. */
  active: boolean;
  /** For managers: whether the others reach it. */
  reachable: boolean | undefined;
}

export interface SwarmService {
  id: string;
  name: string;
  labels: Record<string, string>;
  /** Replicas that it is told to have; undefined for one that is not replicated. */
  replicas: number | undefined;
  tasksWanted: number;
  tasksRunning: number;
  /** The state of a rolling update that has not ended well or been taken back, such as `updating`. */
  update: string | undefined;
  /** Of one task: the reservation, or else the limit. Undefined without either. */
  cpus: number | undefined;
  memoryBytes: number | undefined;
  /** What a change starts from. */
  spec: ServiceAnswer["Spec"];
  version: number;
}

/*
 * The parts of the API's answers that matter here. dockerode's own types have most answers as `any`.
 */
interface InfoAnswer {
  Swarm?: { NodeID?: string; ControlAvailable?: boolean };
}
interface NodeAnswer {
  ID: string;
  Spec: { Role: string; Availability: string };
  Description?: { Hostname?: string };
  Status?: { State?: string };
  ManagerStatus?: { Leader?: boolean; Reachability?: string };
}
interface ServiceAnswer {
  ID: string;
  Version: { Index: number };
  Spec: {
    Name: string;
    Labels?: Record<string, string>;
    TaskTemplate?: { Resources?: { Reservations?: Resources; Limits?: Resources } };
    Mode?: { Replicated?: { Replicas?: number } };
  };
  ServiceStatus?: { RunningTasks?: number; DesiredTasks?: number };
  UpdateStatus?: { State?: string };
}
interface Resources {
  NanoCPUs?: number;
  MemoryBytes?: number;
}
interface TaskAnswer {
  ID: string;
  ServiceID: string;
  Status: { State: string };
}

/** Somebody else changed the service since it was read. */
export class OutOfSequence extends Error {
  override readonly name = "OutOfSequence";
}

export class Swarm {
  private readonly docker: Docker;

  /** @param timeoutMs bound for each request */
  constructor(socketPath: string, timeoutMs: number) {
    this.docker = new Docker({ socketPath, timeout: timeoutMs });
  }

  /**
   * Whether this engine's node is the leader of the managers. Only it decides: there is one, the
   * managers choose it, and it needs no lock of our own.
   */
  async leads(): Promise<boolean> {
    const { Swarm: swarm }: InfoAnswer = await this.docker.info();
    if (!swarm?.NodeID || !swarm.ControlAvailable) return false;
    const node: NodeAnswer = await this.docker.getNode(swarm.NodeID).inspect();
    return node.ManagerStatus?.Leader === true;
  }

  async nodes(): Promise<SwarmNode[]> {
    const nodes = (await this.docker.listNodes()) as unknown as NodeAnswer[];
    return nodes.map(({ ID, Spec, Description, Status, ManagerStatus }) => ({
      name: Description?.Hostname ?? ID,
      role: Spec.Role,
      ready: Status?.State === "ready",
      active: Spec.Availability === "active",
      reachable: ManagerStatus && ManagerStatus.Reachability === "reachable",
    }));
  }

  async services(): Promise<SwarmService[]> {
    const withCounts = { status: true } as object; // dockerode's types lack it
    const services = await this.docker.listServices(withCounts);
    return (services as unknown as ServiceAnswer[]).map(toService);
  }

  /** @returns the IDs of the tasks that run and are meant to, by the ID of their service */
  async runningTasks(serviceIds: string[]): Promise<Map<string, string[]>> {
    const running = new Map<string, string[]>(serviceIds.map((id) => [id, []]));
    if (serviceIds.length === 0) return running;
    const filters = JSON.stringify({ service: serviceIds, "desired-state": ["running"] });
    const tasks = (await this.docker.listTasks({ filters })) as unknown as TaskAnswer[];
    for (const { ID, ServiceID, Status } of tasks) {
      // With a health check, a task is `starting` until it is healthy.
      if (Status.State === "running") running.get(ServiceID)?.push(ID);
    }
    return running;
  }

  /**
   * Gives a service another number of replicas, and nothing else. With the version that it was read
   * at: when somebody has changed it since, it is left alone.
   *
   * @throws OutOfSequence in that case
   */
  async scale({ id, spec, version }: SwarmService, replicas: number): Promise<void> {
    const body = { ...spec, Mode: { Replicated: { Replicas: replicas } } };
    try {
      await this.docker.getService(id).update({ _query: { version }, _body: body });
    } catch (error) {
      const { message } = error as Error;
      throw message.includes("out of sequence") ? new OutOfSequence(message) : error;
    }
  }
}

function toService({
  ID,
  Version,
  Spec,
  ServiceStatus,
  UpdateStatus,
}: ServiceAnswer): SwarmService {
  const { Reservations, Limits } = Spec.TaskTemplate?.Resources ?? {};
  // Those that are not set may be 0.
  const nanoCpus = Reservations?.NanoCPUs || Limits?.NanoCPUs;
  const memoryBytes = Reservations?.MemoryBytes || Limits?.MemoryBytes;
  const replicated = Spec.Mode?.Replicated;
  return {
    id: ID,
    name: Spec.Name,
    labels: Spec.Labels ?? {},
    replicas: replicated && (replicated.Replicas ?? 0),
    tasksWanted: ServiceStatus?.DesiredTasks ?? 0,
    tasksRunning: ServiceStatus?.RunningTasks ?? 0,
    update: UpdateStatus?.State?.endsWith("completed") ? undefined : UpdateStatus?.State,
    cpus: nanoCpus ? nanoCpus / 1e9 : undefined,
    memoryBytes: memoryBytes || undefined,
    spec: Spec,
    version: Version.Index,
  };
}

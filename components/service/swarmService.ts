import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { ServicePlan } from "../../plan/services";
import type { VolumePlan } from "../../plan/storage";
import { ANY_MANAGER } from "../../plan/sshConfig";
import type { IngressNetwork } from "../network/ingressNetwork";
import { managerScript } from "../swarm/nodeScript";
import type { SshAccess } from "../swarm/sshAccess";

type Container = docker.types.input.ServiceTaskSpecContainerSpec;

/** Where services run. */
export interface ServiceHome {
  /** How this machine's `ssh` finds a manager. */
  access: SshAccess;
  ingress: IngressNetwork;
  /** Bound for a service to reach its wanted number of tasks, in seconds. */
  timeoutSeconds: number;
}

export interface SwarmServiceArgs extends ServiceHome {
  service: ServicePlan;
  /** What is particular about its containers. The image is the plan's. */
  container?: Omit<Container, "image">;
  /** Placement constraints, for example `node.role==manager`. */
  constraints?: string[];
  /** At most this many replicas on one node. Default: no limit. */
  perNode?: number;
  /** IDs of the overlay networks that it is on, beside the ingress network. */
  networks?: pulumi.Input<string>[];
  /**
   * `start-first` needs room, and no port or file that only one task can have. Default:
   * `stop-first`.
   */
  order?: "start-first" | "stop-first";
}

/**
 * How long a task may take to stop. The provider waits for that too when it deletes a service, and
 * fails when a task takes longer, so it is more than a task ever needs: those here stop in seconds,
 * on emulated nodes in ten.
 */
const STOP_GRACE = "1m"; // as the provider writes it: "60s" would differ in every run

/** How long a new task has to hold before an update goes on, and is otherwise taken back. */
const MONITOR = "15s";

/**
 * One service of the swarm, named as in its plan, and a script that finds the digest of its image.
 * An update replaces one task after the other, and goes back to what was there before when a new
 * task does not hold.
 *
 * A service that publishes ports goes and comes back when they change, and when the ingress network
 * is replaced.
 */
export function swarmService(
  name: string,
  args: SwarmServiceArgs,
  opts: pulumi.CustomResourceOptions,
): docker.Service {
  const { service, container = {}, constraints = [], perNode, networks = [] } = args;
  const update = {
    parallelism: 1,
    delay: "0s",
    monitor: MONITOR,
    maxFailureRatio: "0.0",
    order: args.order ?? "stop-first",
  };
  const publishes = service.publish.length > 0;
  // By its digest, as Docker would pin it: given the tag alone, the provider finds a difference in
  // the run after, and restarts every task.
  const image = managerScript(
    `${name}-image`,
    {
      ...{ access: args.access, manager: ANY_MANAGER },
      script: "service/image",
      create: [service.image],
      timeoutSeconds: args.timeoutSeconds,
    },
    opts.parent ? { parent: opts.parent } : {},
  );
  return new docker.Service(
    name,
    {
      name: service.name,
      taskSpec: {
        containerSpec: { image: image.stdout, stopGracePeriod: STOP_GRACE, ...container },
        networksAdvanceds: networks.map((id) => ({ id })),
        placement: { constraints, ...(perNode ? { maxReplicas: perNode } : {}) },
        // As Docker has them by default: left out, each run would find a difference.
        restartPolicy: { condition: "any", delay: "5s", maxAttempts: 0, window: "0s" },
      },
      mode:
        service.replicas === "global"
          ? { global: true }
          : { replicated: { replicas: service.replicas } },
      updateConfig: { ...update, failureAction: "rollback" },
      rollbackConfig: { ...update, failureAction: "pause" },
      ...(publishes
        ? {
            endpointSpec: {
              mode: "vip",
              ports: service.publish.map(({ mode, protocol, published, target }) => ({
                publishMode: mode,
                protocol,
                publishedPort: published,
                targetPort: target,
              })),
            },
          }
        : {}),
      // The provider cannot wait for a global service: it has no number to wait for.
      ...(service.replicas === "global"
        ? {}
        : { convergeConfig: { delay: "2s", timeout: `${args.timeoutSeconds}s` } }),
    },
    {
      deleteBeforeReplace: true, // its name and its ports can be had once
      // Docker 26 loses the mesh's rules for a running service whose ports change: none of its ports
      // answered any more, on any node, until the service was made anew.
      replaceOnChanges: ["endpointSpec"],
      ...(publishes ? { replaceWith: [args.ingress.network] } : {}),
      ...opts,
    },
  );
}

/** Where a node's engine answers, for a container that is to ask it. */
export const SOCKET = "/var/run/docker.sock";

/** A bind mount of something on the node. */
export function bind(source: string, target: string, readOnly = true) {
  return { type: "bind", source, target, readOnly };
}

/** A volume for data of the service. Docker makes it on the node that a task comes to. */
export function data(volume: pulumi.Output<VolumePlan>, target: string) {
  return {
    type: "volume",
    source: volume.name,
    target,
    volumeOptions: { driverName: "local", driverOptions: volume.driverOptions },
  };
}

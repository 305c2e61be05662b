import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { autoscaleLabels, parseAutoscale, type AutoscaleOptions } from "../../controller/autoscale";
import type { ServicePlan } from "./plan";
import { serviceUpdate } from "./serviceUpdate";
import type { VolumePlan } from "../storage/plan";
import { ANY_MANAGER } from "../remote/sshConfig";
import { dockerHooks } from "../swarm/dockerHooks";
import { ownLabel, type SwarmHandle } from "../swarm/handle";
import { managerScript } from "../remote/nodeScript";
import type { ServiceContext } from "./context";
import type { SwarmFile } from "./swarmFile";

type Container = docker.types.input.ServiceTaskSpecContainerSpec;

export interface SwarmServiceArgs extends ServiceContext {
  service: ServicePlan;
  /** What is particular about its containers. The image is the plan's. */
  container?: Omit<Container, "image">;
  /** Placement constraints, for example `node.role==manager`. */
  constraints?: string[];
  /** At most this many replicas on one node. Default: no limit. */
  perNode?: number;
  /** IDs of the overlay networks that it is on, beside the ingress network. */
  networks?: pulumi.Input<string>[];
  /** Another value of any of these replaces it. Default: its networks. */
  triggers?: pulumi.Input<string>[];
  /** It is replaced together with any of these. */
  replaceWith?: pulumi.Resource[];
  /** The secrets and configs that its containers have: they stay until it is gone. */
  files?: SwarmFile[];
  /**
   * `start-first` needs room, and no port or file that only one task can have. Default:
   * `stop-first`.
   */
  order?: "start-first" | "stop-first";
  /** What each of its tasks may take, and what is kept for it. Default: no limit, and nothing kept. */
  resources?: docker.types.input.ServiceTaskSpecResources;
  /**
   * Its number of replicas is the autoscaler's, within these bounds, and no longer the plan's.
   * Default: it has as many as the plan says.
   */
  autoscale?: AutoscaleOptions | undefined;
}

/** How long a task may take to stop: those here need seconds, on emulated nodes ten. */
const STOP_GRACE = "1m"; // as the provider writes it: "60s" would differ in every run

/** How long a new task has to hold before an update goes on, and is otherwise taken back. */
const MONITOR = "15s";

/**
 * Seconds between the provider's looks at a service that converges. They differ so that the provider sees
 * a change when autoscaling is switched off, and sends the whole spec again: with autoscaling on it ignores
 * all else that has changed (SCRIPTS_OWN).
 */
const OWN_DELAY = "2s";
const AUTOSCALED_DELAY = "3s";

/**
 * Properties of an autoscaled service that the provider ignores: its update would send the number of
 * replicas that the state has. Another port recreates the service, with all other changes.
 */
const SCRIPTS_OWN = ["taskSpec", "mode", "labels", "updateConfig", "rollbackConfig"];

/**
 * One service of the swarm, named as in its plan; a script that finds the digest of its image; and one
 * that removes the service. An update replaces one task after the other, and rolls back when a new task
 * fails.
 *
 * A service that publishes ports is recreated when they change, and when the ingress network is replaced.
 *
 * The provider creates and updates the service, and never removes it: its delete fails for a service that
 * no longer exists, so that an `up` which was killed would stop every later one. With `autoscale` it only
 * creates the service, with the fewest replicas, and a further script updates it.
 */
export function swarmService(
  name: string,
  args: SwarmServiceArgs,
  { parent }: { parent: pulumi.Resource },
): docker.Service {
  const { service, container = {}, constraints = [], perNode, networks = [], files = [] } = args;
  const update = {
    parallelism: 1,
    delay: "0s",
    monitor: MONITOR,
    maxFailureRatio: "0.0",
    order: args.order ?? "stop-first",
  };
  const publishes = service.publish.length > 0;
  const { swarm, ingress, timeoutSeconds, resources, replaceWith = [] } = args;
  const autoscale = args.autoscale && scaling(service, args.autoscale, swarm);
  const opts = { parent, deletedWith: swarm.lifetime };
  const onManager = { access: swarm.access, manager: ANY_MANAGER, timeoutSeconds };
  // By its digest, as Docker would pin it: given the tag alone, the provider finds a difference in
  // the run after, and restarts every task.
  const image = managerScript(
    `${name}-image`,
    { ...onManager, script: "service/image", create: [service.image] },
    opts,
  );
  const remove = { script: "service/service", words: ["remove", service.name] };
  const removal = managerScript(
    `${name}-removal`,
    {
      ...onManager,
      script: remove.script,
      delete: remove.words,
      // Networks, configs and secrets are deleted after the service. A changed trigger recreates it.
      triggers: [
        ...(args.triggers ?? networks),
        ...(publishes ? [ingress.network.id, JSON.stringify(service.publish)] : []),
      ],
    },
    {
      ...opts,
      dependsOn: [...files.map(({ resource }) => resource), ...replaceWith],
      ...(replaceWith.length > 0 ? { replaceWith } : {}),
    },
  );
  const inputs = {
    name: service.name,
    taskSpec: {
      containerSpec: { image: image.stdout, stopGracePeriod: STOP_GRACE, ...container },
      networksAdvanceds: networks.map((id) => ({ id })),
      placement: { constraints, ...(perNode ? { maxReplicas: perNode } : {}) },
      // As Docker has them by default: left out, each run would find a difference.
      restartPolicy: { condition: "any", delay: "5s", maxAttempts: 0, window: "0s" },
      ...(resources ? { resources } : {}),
    },
    mode:
      service.replicas === "global"
        ? { global: true }
        : { replicated: { replicas: autoscale?.min ?? service.replicas } },
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
  };
  const own = {
    retainOnDelete: true,
    replaceWith: [removal],
    dependsOn: [removal],
    deleteBeforeReplace: true, // its name and its ports can be had once
    hooks: dockerHooks(name, {
      ...onManager,
      script: remove.script,
      words: ["make-room", service.name, swarm.stack],
    }),
    ...opts,
  };
  // The provider cannot wait for a global service: it has no number of tasks to wait for.
  const waits = {
    convergeConfig: {
      delay: autoscale ? AUTOSCALED_DELAY : OWN_DELAY,
      timeout: `${timeoutSeconds}s`,
    },
  };
  if (!autoscale) {
    // A service without labels would keep those that it has, the autoscaler's too: to the provider no
    // labels are as good as not said.
    const all = {
      ...inputs,
      labels: [ownLabel(swarm)],
      ...(service.replicas === "global" ? {} : waits),
    };
    return new docker.Service(name, all, own);
  }

  const { min, max, labels } = autoscale;
  const wanted = pulumi.output({ ...inputs, labels }).apply(serviceUpdate);
  const made = new docker.Service(
    name,
    { ...inputs, ...waits, labels: wanted.labels },
    { ...own, ignoreChanges: SCRIPTS_OWN },
  );
  managerScript(
    `${name}-update`,
    {
      ...onManager,
      script: "service/service",
      create: ["update", service.name, timeoutSeconds, min, max],
      variables: {
        SPEC: wanted.variables.SPEC,
        SPEC_ID: wanted.variables.SPEC_ID,
        TASK: wanted.variables.TASK,
        TASK_ID: wanted.variables.TASK_ID,
      },
      triggers: [made.id],
    },
    { ...opts, dependsOn: [made] },
  );
  return made;
}

/** The bounds that the autoscaler keeps to, and the labels that tell it all that it needs. */
function scaling({ name, replicas }: ServicePlan, options: AutoscaleOptions, swarm: SwarmHandle) {
  if (replicas === "global") {
    throw new Error(`${name} runs on every node, so there is nothing to autoscale`);
  }
  const labels = autoscaleLabels(options);
  const { min, max } = parseAutoscale(labels)!.settings!;
  return {
    min,
    max,
    labels: [
      ...Object.entries(labels).map(([label, value]) => ({ label, value })),
      ownLabel(swarm),
    ],
  };
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

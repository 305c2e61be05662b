import type { AutoscaleOptions } from "../../controller/autoscale";
import type { Publish } from "../swarm/publish";

/** One service of the swarm, as far as its users see it. */
export interface ServicePlan {
  /** Its name in the swarm. */
  name: string;
  image: string;
  /** Number of replicas, or one on every node. With `autoscale`: what it is made with. */
  replicas: number | "global";
  publish: Publish[];
  /** Whether its ports are a page for administrators, reached from their networks only. */
  management?: true;
  /** The user that owns its folder on shared storage, by number. Absent for a service without data. */
  dataUid?: number;
  /** How its number of replicas follows its load. */
  autoscale?: AutoscaleOptions;
}

/** From how few to how many tasks a service has; undefined for one on every node. */
export function taskBounds({
  replicas,
  autoscale,
}: Pick<ServicePlan, "replicas" | "autoscale">): { min: number; max: number } | undefined {
  if (replicas === "global") return undefined;
  // An autoscaled one is made with its fewest.
  return { min: replicas, max: autoscale?.max ?? replicas };
}

import type * as pulumi from "@pulumi/pulumi";
import type { SwarmHandle } from "../swarm/handle";
import type { IngressNetwork } from "../swarm/ingressNetwork";

/** Where services run. */
export interface ServiceContext {
  swarm: SwarmHandle;
  ingress: IngressNetwork;
  /** Bound for a service to reach its wanted number of tasks, in seconds. */
  timeoutSeconds: number;
  /** Secret. The stack's key that names of secrets are made with. */
  nameKey: pulumi.Output<string>;
}

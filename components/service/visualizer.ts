import * as pulumi from "@pulumi/pulumi";
import type { ServicePlan } from "./plan";
import type { ServiceContext } from "./context";
import { bind, SOCKET, swarmService } from "./swarmService";

export interface VisualizerArgs extends ServiceContext {
  service: ServicePlan;
}

/** A page with the swarm's nodes and the tasks on each, on a manager. Creates one service. */
export class Visualizer extends pulumi.ComponentResource {
  constructor(name: string, args: VisualizerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("swarm:service:Visualizer", name, {}, opts);
    swarmService(
      `${name}-service`,
      {
        ...args,
        container: { mounts: [bind(SOCKET, SOCKET)] },
        constraints: ["node.role==manager"],
      },
      { parent: this },
    );
    this.registerOutputs();
  }
}

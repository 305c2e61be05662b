import * as pulumi from "@pulumi/pulumi";
import type { ServicePlan } from "./plan";
import { overlayNetwork } from "../swarm/overlayNetwork";
import type { ServiceContext } from "./context";
import { swarmService } from "./swarmService";

export interface OverlayCheckArgs extends ServiceContext {
  service: ServicePlan;
  /** MTU of its network, in bytes. */
  mtu: number;
  /** Whether its two replicas have to be on different nodes. */
  spread: boolean;
}

/** Until it is told to stop: as the first process of a container, `sleep` would not listen. */
const WAIT = "trap exit TERM; sleep infinity & wait";

/**
 * Two replicas on an encrypted overlay network of their own: they show that containers reach each
 * other across nodes, and that the network is only where its tasks are. Creates the network and the
 * service, both of the same name.
 */
export class OverlayCheck extends pulumi.ComponentResource {
  constructor(name: string, args: OverlayCheckArgs, opts?: pulumi.ComponentResourceOptions) {
    super("swarm:service:OverlayCheck", name, {}, opts);
    const { service, mtu, spread, swarm, timeoutSeconds } = args;
    const network = overlayNetwork(
      `${name}-network`,
      { swarm, timeoutSeconds, name: service.name, mtu, encrypted: true },
      { parent: this },
    );
    swarmService(
      `${name}-service`,
      {
        ...args,
        container: { commands: ["sh", "-c", WAIT] },
        networks: [network.id],
        ...(spread ? { perNode: 1 } : {}),
      },
      { parent: this },
    );
    this.registerOutputs();
  }
}

import type * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { Ingress } from "./ingress";
import { ANY_MANAGER } from "../remote/sshConfig";
import { managerScript } from "../remote/nodeScript";
import type { SwarmHandle } from "./handle";
import { overlayNetwork } from "./overlayNetwork";

export interface IngressNetworkArgs {
  ingress: Ingress;
  swarm: SwarmHandle;
  /** Bound for the nodes to take part in it, in seconds. */
  timeoutSeconds: number;
}

/**
 * The swarm's ingress network, which the routing mesh uses: a `docker.Network`, and a script that
 * attaches nodes that joined earlier, and on delete waits until the network is gone.
 *
 * A swarm has one ingress network at most, and it cannot go while a service publishes a port
 * through it. So a changed setting replaces it, and with it all that has its ID among its triggers:
 * the services that publish ports go first and come back last, in one `up`.
 */
export class IngressNetwork extends pulumi.ComponentResource {
  /** ID of the network, known once the nodes that are there take part in it. */
  readonly id: pulumi.Output<string>;
  readonly network: docker.Network;

  constructor(name: string, args: IngressNetworkArgs, opts?: pulumi.ComponentResourceOptions) {
    super("swarm:swarm:IngressNetwork", name, {}, opts);

    const { ingress, swarm, timeoutSeconds } = args;
    const { subnet, gateway, ...settings } = ingress;
    this.network = overlayNetwork(
      `${name}-network`,
      {
        swarm,
        timeoutSeconds,
        ...settings,
        ingress: true,
        ipamConfigs: [{ subnet, gateway }],
      },
      { parent: this },
    );
    const attached = managerScript(
      `${name}-attached`,
      {
        access: swarm.access,
        manager: ANY_MANAGER,
        script: "swarm/overlay",
        create: ["attach", timeoutSeconds, this.network.id],
        // Before the provider would: it does not wait until the network is gone.
        delete: ["remove", timeoutSeconds, this.network.id],
        triggers: [this.network.id],
        timeoutSeconds: 2 * timeoutSeconds,
      },
      { parent: this, deletedWith: swarm.lifetime },
    );
    this.id = attached.stdout;
    this.registerOutputs({ id: this.id });
  }
}

import * as pulumi from "@pulumi/pulumi";
import { ANY_MANAGER } from "../remote/sshConfig";
import { managerScript } from "../remote/nodeScript";
import type { ServiceContext } from "./context";

export interface ComposeStackArgs extends ServiceContext {
  /** The stack's name in the swarm, which the names of its services begin with. */
  stackName: string;
  /** Content of the compose file. */
  compose: string;
}

/**
 * The services of a compose file with `deploy` sections, deployed by `docker stack deploy` on a
 * manager: a changed file updates them, and what is no longer in it goes. Creates one script.
 */
export class ComposeStack extends pulumi.ComponentResource {
  /** Names of its services. */
  readonly services: pulumi.Output<string[]>;

  constructor(name: string, args: ComposeStackArgs, opts?: pulumi.ComponentResourceOptions) {
    super("swarm:service:ComposeStack", name, {}, opts);
    const stack = managerScript(
      `${name}-deploy`,
      {
        access: args.swarm.access,
        manager: ANY_MANAGER,
        script: "service/stack",
        create: ["deploy", args.stackName],
        delete: ["remove", args.stackName],
        variables: { COMPOSE: args.compose },
        triggers: [args.stackName],
        timeoutSeconds: args.timeoutSeconds,
      },
      // A file may publish ports.
      { parent: this, deletedWith: args.swarm.lifetime, replaceWith: [args.ingress.network] },
    );
    this.services = stack.stdout.apply((names) => names.split("\n").filter((line) => line !== ""));
    this.registerOutputs({ services: this.services });
  }
}

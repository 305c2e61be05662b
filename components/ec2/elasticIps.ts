import * as ec2 from "@pulumi/aws/ec2";
import * as pulumi from "@pulumi/pulumi";
import { tagsOf } from "./plan";

export interface ElasticIpsArgs {
  stack: string;
  /** Names of the nodes that get one. */
  nodes: string[];
}

/**
 * Public addresses that outlast machines: each exists before its machine does, so that certificates
 * can name it. Creates an `ec2.Eip` for each node.
 */
export class ElasticIps extends pulumi.ComponentResource {
  readonly byNode: Readonly<Record<string, ec2.Eip>>;

  constructor(name: string, args: ElasticIpsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("swarm:ec2:ElasticIps", name, {}, opts);
    this.byNode = Object.fromEntries(
      args.nodes.map((node) => [
        node,
        new ec2.Eip(
          `${name}-${node}`,
          { domain: "vpc", tags: tagsOf(args.stack, node, "address") },
          { parent: this },
        ),
      ]),
    );
    this.registerOutputs();
  }
}

import * as aws from "@pulumi/aws/efs";
import * as pulumi from "@pulumi/pulumi";
import { tagsOf } from "./plan";

export interface EfsArgs {
  stack: string;
  /** One for each zone. */
  subnets: pulumi.Input<string>[];
  securityGroup: pulumi.Input<string>;
}

/**
 * A file system for data that outlives nodes, which all of them mount by NFS 4.1. Creates an
 * encrypted `efs.FileSystem`, and in each zone an `efs.MountTarget`, its address there.
 */
export class Efs extends pulumi.ComponentResource {
  /** Name of the NFS server, known once it answers in every zone. */
  readonly server: pulumi.Output<string>;

  constructor(name: string, args: EfsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("swarm:ec2:Efs", name, {}, opts);
    const files = new aws.FileSystem(
      `${name}-files`,
      { encrypted: true, tags: tagsOf(args.stack, "files", "storage") },
      { parent: this },
    );
    const targets = args.subnets.map(
      (subnet, zone) =>
        new aws.MountTarget(
          `${name}-target-${zone}`,
          { fileSystemId: files.id, subnetId: subnet, securityGroups: [args.securityGroup] },
          { parent: this },
        ),
    );
    this.server = pulumi
      .all([files.dnsName, ...targets.map(({ id }) => id)])
      .apply(([dnsName]) => dnsName!);
    this.registerOutputs({ server: this.server });
  }
}

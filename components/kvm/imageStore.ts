import * as libvirt from "@pulumi/libvirt";
import * as pulumi from "@pulumi/pulumi";
import type { Image } from "../../images/image";
import type { CreationNotes } from "./creationNotes";

export interface ImageStoreArgs {
  poolName: string;
  /** Folder on the hypervisor. */
  poolPath: string;
  image: Image;
  /** What lets an `up` go on after one that was killed. */
  notes: CreationNotes;
}

/**
 * Where the machines' disks lie: one storage pool, and in it one base volume with the node image,
 * which every machine's disk is an overlay of. The base volume is uploaded once for each image.
 */
export class ImageStore extends pulumi.ComponentResource {
  /** Name of the pool. */
  readonly pool: pulumi.Output<string>;
  /** Path of the base volume on the hypervisor. */
  readonly basePath: pulumi.Output<string>;

  constructor(name: string, args: ImageStoreArgs, opts?: pulumi.ComponentResourceOptions) {
    super("swarm:kvm:ImageStore", name, {}, opts);

    const pool = args.notes.create(
      "pool",
      `${name}-pool`,
      (hooks) =>
        new libvirt.Pool(
          `${name}-pool`,
          { name: args.poolName, type: "dir", target: { path: args.poolPath } },
          { parent: this, hooks, deleteBeforeReplace: true },
        ),
    );
    const base = args.notes.create(
      "volume",
      `${name}-base`,
      (hooks) =>
        new libvirt.Volume(
          `${name}-base`,
          {
            name: `base-${args.image.fingerprint}.qcow2`,
            pool: pool.name,
            target: { format: { type: "qcow2" } },
            create: { content: { url: args.image.source } },
          },
          // The name stands for the content, so where it was uploaded from is no difference.
          { parent: this, hooks, ignoreChanges: ["create"] },
        ),
    );

    this.pool = pool.name;
    this.basePath = base.path;
    this.registerOutputs({ pool: this.pool, basePath: this.basePath });
  }
}

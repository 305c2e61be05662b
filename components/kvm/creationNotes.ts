import { execFile } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import * as pulumi from "@pulumi/pulumi";

/** A kind of resource of the libvirt provider, in virsh's words. */
export type LibvirtKind = "domain" | "network" | "pool" | "volume";

const MAKE_ROOM = join(__dirname, "make-room");

/**
 * Lets an `up` go on after one that was killed while the libvirt provider created something: libvirt may
 * have finished it unknown to the state, or left it half done.
 *
 * A note, which is a file, is written before the creation and removed once the state has the resource.
 * Where the note exists before a creation, an earlier `up` was killed in between, and what it left in
 * libvirt is removed. Without a note nothing is removed: it may belong to a stack whose state is
 * elsewhere, so the error says that.
 */
export class CreationNotes {
  /**
   * @param uri of the hypervisor
   * @param folder for the notes, the stack's own
   * @param removalSeconds bound for what a killed `up` left to be removed: a volume cannot be while
   *   something is still being written into it
   */
  constructor(
    private readonly uri: string,
    private readonly folder: string,
    private readonly removalSeconds = 60,
  ) {}

  /** Creates a resource with the hooks that keep its note. */
  create<Resource extends pulumi.CustomResource>(
    kind: LibvirtKind,
    name: string,
    create: (hooks: pulumi.ResourceHookBinding) => Resource,
  ): Resource {
    const note = join(this.folder, name);
    const resource = create(this.hooks(kind, name, note));
    // An afterCreate hook would be too early: the engine writes its state after that, and then tells the
    // program the ID. A kill in between would leave neither note nor state.
    resource.id.apply(() => rmSync(note, { force: true }));
    return resource;
  }

  private hooks(kind: LibvirtKind, name: string, note: string): pulumi.ResourceHookBinding {
    return {
      beforeCreate: [
        new pulumi.ResourceHook(`${name}-make-room`, async ({ newInputs = {} }) => {
          if (existsSync(note)) await this.makeRoom(kind, newInputs);
          mkdirSync(dirname(note), { recursive: true });
          writeFileSync(note, "");
        }),
      ],
      onError: [
        new pulumi.ErrorHook(`${name}-is-there`, async ({ errors }) => {
          if (errors.some((error) => /exists already|already exists/.test(error))) {
            rmSync(note, { force: true }); // this `up` did not create it
            pulumi.log.error(
              `${name}: libvirt has a ${kind} of this name, which this stack has not made. Is it ` +
                `nobody's, take it away (virsh -c ${this.uri}), then run pulumi up again. Is it another ` +
                "stack's, give one of them other names and addresses (docs/stacks.md)",
            );
          }
          return false;
        }),
      ],
    };
  }

  private async makeRoom(
    kind: LibvirtKind,
    { name = "", pool = "" }: Record<string, string>,
  ): Promise<void> {
    const words = [`${this.removalSeconds}`, this.uri, kind, name, pool];
    await promisify(execFile)(MAKE_ROOM, words, { env: process.env }).catch(
      (error: { stderr: string }) => {
        throw new Error(error.stderr.trim());
      },
    );
  }
}

import { execFile } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import * as pulumi from "@pulumi/pulumi";

/**
 * What lets an `up` go on with things that the libvirt provider makes, after an `up` that was killed:
 * libvirt may have finished one unknown to the state, or left it half done.
 *
 * A note in .cache/creating says that something is about to be made, and goes once the state has it.
 * Where the note is there before, an earlier `up` was ended in between, and what it has left is taken
 * away. Without a note nothing is: it may be a stack's whose state is elsewhere, so that is said instead.
 *
 * @param uri of the hypervisor
 * @returns for the component that they are children of
 */
export function libvirtHooks(uri: string): pulumi.ResourceTransformation {
  return ({ resource, type, name, props, opts }) => {
    const [, kind = ""] = /^libvirt:index\/(domain|network|pool|volume):/.exec(type) ?? [];
    if (kind === "") return undefined;
    const note = join(".cache", "creating", pulumi.getStack(), name);
    // A hook after its creation would be too early: the engine writes its state after that, and then
    // tells the program its ID. (It has no such output yet: this is before its constructor.)
    queueMicrotask(() =>
      (resource as pulumi.CustomResource).id.apply(() => rmSync(note, { force: true })),
    );
    return { props, opts: { ...opts, hooks: hooks(uri, kind, name, note) } };
  };
}

function hooks(
  uri: string,
  kind: string,
  resource: string,
  note: string,
): pulumi.ResourceHookBinding {
  return {
    beforeCreate: [
      new pulumi.ResourceHook(`${resource}-make-room`, async ({ newInputs = {} }) => {
        if (existsSync(note)) await makeRoom(uri, kind, newInputs);
        mkdirSync(dirname(note), { recursive: true });
        writeFileSync(note, "");
      }),
    ],
    onError: [
      new pulumi.ErrorHook(`${resource}-is-there`, async ({ errors }) => {
        if (errors.some((error) => /exists already|already exists/.test(error))) {
          rmSync(note, { force: true }); // it is not what this `up` was about to make
          pulumi.log.error(
            `${resource}: libvirt has a ${kind} of this name, which this stack has not made. Is it ` +
              `nobody's, take it away (virsh -c ${uri}), then run pulumi up again. Is it another ` +
              "stack's, give one of them other names and addresses (docs/stacks.md)",
          );
        }
        return false;
      }),
    ],
  };
}

async function makeRoom(
  uri: string,
  kind: string,
  { name = "", pool = "" }: Record<string, string>,
): Promise<void> {
  const words = [uri, kind, name, pool];
  await promisify(execFile)("components/kvm/make-room", words).catch(
    (error: { stderr: string }) => {
      throw new Error(error.stderr.trim());
    },
  );
}

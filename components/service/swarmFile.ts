import * as pulumi from "@pulumi/pulumi";
import { fingerprint, keyedFingerprint } from "../machine/fingerprint";
import { ANY_MANAGER } from "../remote/sshConfig";
import { managerScript } from "../remote/nodeScript";
import type { ServiceContext } from "./context";

export interface SwarmFileArgs extends Pick<
  ServiceContext,
  "swarm" | "timeoutSeconds" | "nameKey"
> {
  kind: "secret" | "config";
  /** What its name begins with. */
  prefix: string;
  content: pulumi.Output<string>;
}

/** A secret or a config that containers see as a file. */
export interface SwarmFile {
  id: pulumi.Output<string>;
  name: pulumi.Output<string>;
  resource: pulumi.Resource;
}

/**
 * One secret or config of the swarm. Docker does not change them: another content is another one, and
 * its name stands for the content. Everybody may read names, so a secret's is made with the stack's
 * key: with the content's plain hash in it, a guessed password could be confirmed.
 *
 * Not `docker.Secret` and `docker.Config`: on refresh the provider takes any API error for NotFound and
 * drops the secret from the state (seen during a leader election); the next `up` then failed with
 * "already exists".
 */
export function swarmFile(
  name: string,
  args: SwarmFileArgs,
  opts: pulumi.CustomResourceOptions,
): SwarmFile {
  const { kind, prefix, content, swarm, timeoutSeconds, nameKey } = args;
  const mark =
    kind === "secret"
      ? pulumi.all([content, nameKey]).apply(([text, key]) => keyedFingerprint(key, text))
      : content.apply(fingerprint);
  const fileName = pulumi.unsecret(pulumi.interpolate`${prefix}-${mark}`);
  const file = managerScript(
    name,
    {
      access: swarm.access,
      manager: ANY_MANAGER,
      timeoutSeconds,
      script: "service/file",
      create: ["create", kind, fileName],
      delete: ["remove", kind, fileName],
      variables: { CONTENT: content },
      triggers: [fileName],
    },
    // The next one is there before those who use this one turn to it.
    { ...opts, deletedWith: swarm.lifetime, deleteBeforeReplace: false },
  );
  return { id: file.stdout, name: fileName, resource: file };
}

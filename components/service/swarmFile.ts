import * as pulumi from "@pulumi/pulumi";
import { fingerprint } from "../../plan/fingerprint";
import { ANY_MANAGER } from "../../plan/sshConfig";
import { managerScript } from "../swarm/nodeScript";
import type { ServiceHome } from "./swarmService";

export interface SwarmFileArgs extends Pick<ServiceHome, "access" | "timeoutSeconds"> {
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
 * its name stands for the content.
 *
 * Made by a script, since a refresh by the provider takes every error for a secret that is gone: one
 * that came while the managers chose a new leader dropped it from the state, and the next `up` failed
 * with "already exists".
 */
export function swarmFile(
  name: string,
  args: SwarmFileArgs,
  opts: pulumi.CustomResourceOptions,
): SwarmFile {
  const { kind, prefix, content, access, timeoutSeconds } = args;
  const fileName = pulumi.unsecret(content.apply((text) => `${prefix}-${fingerprint(text)}`));
  const file = managerScript(
    name,
    {
      ...{ access, manager: ANY_MANAGER, timeoutSeconds },
      script: "service/file",
      create: ["create", kind, fileName],
      delete: ["remove", kind, fileName],
      variables: { CONTENT: content },
      triggers: [fileName],
    },
    // The next one is there before those who use this one turn to it.
    { ...opts, deleteBeforeReplace: false },
  );
  return { id: file.stdout, name: fileName, resource: file };
}

import type * as pulumi from "@pulumi/pulumi";
import type { SshAccess } from "../remote/sshAccess";

/** A swarm, as far as whatever makes something in it has to know it. */
export interface SwarmHandle {
  /** Name of the Pulumi stack. Services and networks that it makes have it as a label. */
  stack: string;
  /** How this machine's `ssh` finds a manager. */
  access: SshAccess;
  /** With its deletion the swarm ends: what is in it needs no removal of its own then. */
  lifetime: pulumi.Resource;
}

/** By what a stack knows its own services and networks in the swarm. */
export function ownLabel({ stack }: SwarmHandle) {
  return { label: "swarm.stack", value: stack };
}

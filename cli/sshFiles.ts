import { basename } from "node:path";
import { writeSshFiles } from "../components/remote/sshAccess";
import type { StackOutputs } from "../stacks/outputs";

/** Writes the SSH files of a running stack, as `pulumi up` does, and returns the config's path. */
export function sshFilesOf(stack: string, outputs: StackOutputs, project?: string): string {
  const { sshHosts, sshUser, sshPrivateKey, sshKnownHosts } = outputs;
  const files = { hosts: sshHosts, user: sshUser, privateKey: sshPrivateKey };
  // Pulumi may call it ORGANISATION/PROJECT/STACK.
  return writeSshFiles(basename(stack), { ...files, knownHosts: sshKnownHosts }, project);
}

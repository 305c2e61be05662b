import type { Role } from "../plan/nodes";

/** One entry of the stack's output `nodes`. */
export interface NodeOutput {
  name: string;
  role: Role;
  ingressAddress: string;
  advertiseAddress: string;
  /** Node ID in the swarm. */
  id: string;
}

/** The outputs of index.ts as plain values, secrets included. */
export interface StackOutputs {
  nodes: NodeOutput[];
  leaderCandidates: string[];
  managerJoinToken: string;
  workerJoinToken: string;
  networkIds: Record<string, string>;
  ssh: Record<string, string>;
  sshUser: string;
  sshPrivateKey: string;
  sshKnownHosts: string[];
}

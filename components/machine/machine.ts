import type * as pulumi from "@pulumi/pulumi";
import type { Role } from "./nodes";

/** How to log in to a machine over SSH. */
export interface Connection {
  host: string;
  user: string;
  /** OpenSSH format. */
  privateKey: string;
  /** The public host key to expect, as in `authorized_keys`. */
  hostKey: string;
}

/**
 * The seam between targets: what a target (components/kvm/kvmMachines.ts, components/ec2/ec2Machines.ts) makes of a planned
 * node. Nothing after it knows on which target it runs.
 */
export interface Machine {
  /** Host name, and name of the node, for example `mg0`. */
  readonly name: string;
  readonly role: Role;
  /** Position within its role, from 0. */
  readonly index: number;
  /** How to reach it over SSH, with the host key to expect. */
  readonly connection: pulumi.Output<Connection>;
  /** The way in to published ports (eth0, or the public address). */
  readonly ingressAddress: pulumi.Output<string>;
  /**
   * What packets to `ingressAddress` are addressed to when they come to the machine: the same, or the
   * address that it is translated to on the way.
   */
  readonly inboundAddress: pulumi.Output<string>;
  /** The address that the swarm uses between nodes (eth1, or the private address). */
  readonly advertiseAddress: pulumi.Output<string>;
  /** Block device for data that outlives the machine, on a machine that has one. */
  readonly dataDevice?: string;
  /** Changes exactly when the machine is replaced. */
  readonly identity: pulumi.Output<string>;
  /** The line for a `known_hosts` file that pins this machine's host key. */
  readonly knownHost: pulumi.Output<string>;
}

import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import type { Machine } from "../machine/machine";
import { localScript } from "./nodeScript";

export interface LoginKeyArgs {
  machines: Machine[];
  /** The private key that machines are made with. */
  first: pulumi.Output<string>;
  /** How often it was replaced. */
  rotation: number;
  /** Bound for a machine to answer, in seconds. */
  timeoutSeconds: number;
}

/**
 * The SSH key that logs in to the machines. As long as it was never replaced, that is the one that
 * they are made with, and nothing is created.
 *
 * Each rotation creates a `tls.PrivateKey`, and for every machine a script that runs here and has the
 * machine let in that key only. The key before it stays in the state: with it, machines are reached
 * once more. So it goes up by one at a time. A machine that is made later begins with the first key.
 */
export class LoginKey extends pulumi.ComponentResource {
  /** Secret. OpenSSH format. */
  readonly privateKey: pulumi.Output<string>;
  /** For each machine the same one, to be logged in to with that key. */
  readonly machines: ReadonlyMap<Machine, Machine>;

  constructor(
    private readonly prefix: string,
    private readonly args: LoginKeyArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("swarm:remote:LoginKey", prefix, {}, opts);
    const { first, machines, rotation } = args;
    const former = rotation > 1 ? this.key(rotation - 1).privateKeyOpenssh : first;
    const present = rotation > 0 ? this.key(rotation) : undefined;

    this.privateKey = present?.privateKeyOpenssh ?? first;
    this.machines = new Map(
      machines.map((machine) => [
        machine,
        present ? this.withKey(machine, present, former) : machine,
      ]),
    );
    this.registerOutputs({ privateKey: this.privateKey });
  }

  private key(rotation: number): tls.PrivateKey {
    return new tls.PrivateKey(
      `${this.prefix}-${rotation}`,
      { algorithm: "ED25519" },
      { parent: this },
    );
  }

  private withKey(
    machine: Machine,
    present: tls.PrivateKey,
    former: pulumi.Output<string>,
  ): Machine {
    const { connection, identity } = machine;
    const user = pulumi.unsecret(connection.user);
    const host = pulumi.unsecret(connection.host);
    const authorized = localScript(
      `${this.prefix}-${machine.name}`,
      {
        script: "remote/authorize",
        create: [this.args.timeoutSeconds, user, host],
        variables: {
          PUBLIC_KEY: present.publicKeyOpenssh,
          PRESENT: present.privateKeyOpenssh,
          FORMER: former,
          FIRST: this.args.first,
          HOST_KEY: connection.hostKey,
        },
        triggers: [identity],
        timeoutSeconds: 2 * this.args.timeoutSeconds,
      },
      { parent: this },
    );
    const privateKey = pulumi.all([present.privateKeyOpenssh, authorized.id]).apply(([key]) => key);
    return {
      ...machine,
      connection: pulumi
        .all([connection, privateKey])
        .apply(([before, privateKey]) => ({ ...before, privateKey })),
    };
  }
}

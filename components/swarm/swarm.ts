import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { Machine } from "../machine/machine";
import { nodeScript } from "./nodeScript";

/** Bounds of single steps, in seconds. They are the config's. */
export interface SwarmTimeouts {
  /** One machine: from its start until its engine answers. */
  bootSeconds: number;
  /** One node: until it is a Ready member. */
  joinSeconds: number;
  /** One node: until its tasks run elsewhere, and a manager's peers are a safe majority. */
  drainSeconds: number;
}

export interface SwarmArgs {
  /** Managers and workers. The first manager starts the swarm. */
  machines: Machine[];
  /** Content of every engine's daemon.json. */
  engineConfig: string;
  /** Where overlay networks take their subnets from. */
  overlayAddressPool: string;
  /** Increase it to have new join tokens. */
  tokenRotation: number;
  timeouts: SwarmTimeouts;
}

/**
 * One Docker Swarm on a set of machines, whatever they are.
 *
 * Creates, all of them scripts that run on nodes: `ready` for every machine; `init`, `size` and
 * `tokens` once; `join` and `member` for every machine; `teardown` last. A machine that is
 * replaced leaves the swarm by its `member`, which runs on another manager, and comes back by
 * `ready`, `join` and `member`: the first manager like any other node.
 */
export class Swarm extends pulumi.ComponentResource {
  /** The swarm's own identifier. */
  readonly clusterId: pulumi.Output<string>;
  /** Secret. Whoever has it can make a machine a manager. */
  readonly managerJoinToken: pulumi.Output<string>;
  /** Secret. */
  readonly workerJoinToken: pulumi.Output<string>;
  /** Node IDs by node name, each known once the node is a Ready member. */
  readonly nodeIds: pulumi.Output<Record<string, string>>;

  private readonly first: Machine;
  private readonly managers: Machine[];

  constructor(
    private readonly prefix: string,
    private readonly args: SwarmArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("swarm:swarm:Swarm", prefix, {}, opts);
    this.managers = args.machines.filter((machine) => machine.role === "manager");
    const [first] = this.managers;
    if (!first) throw new pulumi.RunError("a swarm needs at least one manager");
    this.first = first;

    const ready = new Map(args.machines.map((machine) => [machine, this.ready(machine)]));
    const init = this.init([ready.get(first)!]);
    const tokens = this.tokens(init);
    const members = args.machines.map((machine) => {
      const join = this.join(machine, init, tokens, [ready.get(machine)!]);
      return this.member(machine, join, [...ready.values()]);
    });
    this.size(members);
    this.teardown(members);

    this.clusterId = init.stdout;
    this.managerJoinToken = joinToken(tokens, "manager");
    this.workerJoinToken = joinToken(tokens, "worker");
    this.nodeIds = pulumi
      .all(members.map((member) => member.stdout))
      .apply((ids) => Object.fromEntries(args.machines.map(({ name }, i) => [name, ids[i]!])));
    this.registerOutputs({
      clusterId: this.clusterId,
      managerJoinToken: this.managerJoinToken,
      workerJoinToken: this.workerJoinToken,
      nodeIds: this.nodeIds,
    });
  }

  /** The machine has booted and its engine answers, configured as wanted. */
  private ready(machine: Machine): command.remote.Command {
    const seconds = this.args.timeouts.bootSeconds;
    return nodeScript(
      `${this.prefix}-${machine.name}-ready`,
      {
        machine,
        script: "ready",
        create: [seconds],
        variables: { ENGINE_CONFIG: this.args.engineConfig },
        triggers: [machine.identity],
        timeoutSeconds: seconds,
      },
      { parent: this },
    );
  }

  /** Starts the swarm, once in its life: nothing that happens to the first manager repeats it. */
  private init(dependsOn: pulumi.Resource[]): command.remote.Command {
    return nodeScript(
      `${this.prefix}-init`,
      {
        machine: this.first,
        script: "init",
        create: [this.first.advertiseAddress, this.args.overlayAddressPool],
        timeoutSeconds: this.args.timeouts.joinSeconds,
      },
      { parent: this, dependsOn, ignoreChanges: ["connection", "create", "stdin"] },
    );
  }

  /**
   * The wanted number of managers, kept in the swarm for those that leave: Pulumi deletes after it
   * has updated everything else.
   */
  private size(members: command.remote.Command[]): command.remote.Command {
    return nodeScript(
      `${this.prefix}-size`,
      {
        machine: this.first,
        script: "size",
        create: [this.managers.length, ...members.map((member) => member.stdout)],
        timeoutSeconds: this.args.timeouts.joinSeconds,
      },
      { parent: this, dependsOn: members },
    );
  }

  private tokens(init: command.remote.Command): command.remote.Command {
    return nodeScript(
      `${this.prefix}-tokens`,
      {
        machine: this.first,
        script: "tokens",
        create: [this.args.tokenRotation],
        triggers: [String(this.args.tokenRotation)],
        secretOutput: true,
        timeoutSeconds: this.args.timeouts.joinSeconds,
      },
      // A first manager with a new host key is no reason to ask again, least of all before it is back.
      { parent: this, dependsOn: [init], ignoreChanges: ["connection", "stdin"] },
    );
  }

  /** Joins through whichever manager answers; which ones there are is looked at on joining only. */
  private join(
    machine: Machine,
    init: command.remote.Command,
    tokens: command.remote.Command,
    dependsOn: pulumi.Resource[],
  ): command.remote.Command {
    const others = this.managers.filter((manager) => manager !== machine);
    const seconds = this.args.timeouts.joinSeconds;
    return nodeScript(
      `${this.prefix}-${machine.name}-join`,
      {
        machine,
        script: "join",
        create: [
          ...[seconds, init.stdout, machine.advertiseAddress],
          ...others.map((peer) => peer.advertiseAddress),
        ],
        variables: { JOIN_TOKEN: joinToken(tokens, machine.role) },
        triggers: [machine.identity],
        timeoutSeconds: 2 * seconds,
      },
      { parent: this, dependsOn, ignoreChanges: ["create"] },
    );
  }

  /**
   * The node as the rest of the swarm sees it: its arrival, and its graceful exit. It depends on
   * every machine, so that a destroy ends no machine before all nodes have left.
   */
  private member(
    machine: Machine,
    join: command.remote.Command,
    machines: pulumi.Resource[],
  ): command.remote.Command {
    const { joinSeconds, drainSeconds } = this.args.timeouts;
    return nodeScript(
      `${this.prefix}-${machine.name}-member`,
      {
        machine: this.witness(machine),
        script: "member",
        create: ["arrive", joinSeconds, join.stdout, machine.role, machine.advertiseAddress],
        delete: ["leave", drainSeconds, join.stdout],
        triggers: [machine.identity],
        // A node that leaves may have to wait for the one before it, which takes its time as well.
        timeoutSeconds: Math.max(joinSeconds, 12 * drainSeconds),
      },
      { parent: this, dependsOn: [join, ...machines] },
    );
  }

  /** Deleted before everything else, so that a destroy does not drain node by node. */
  private teardown(members: pulumi.Resource[]): command.remote.Command {
    return nodeScript(
      `${this.prefix}-teardown`,
      {
        machine: this.first,
        script: "teardown",
        create: ["up"],
        delete: ["down"],
        timeoutSeconds: this.args.timeouts.joinSeconds,
      },
      { parent: this, dependsOn: members },
    );
  }

  /** A manager that can speak for the machine when it is gone, and that scaling in takes last. */
  private witness(machine: Machine): Machine {
    return this.managers.find((manager) => manager !== machine) ?? machine;
  }
}

function joinToken(
  tokens: command.remote.Command,
  role: "manager" | "worker",
): pulumi.Output<string> {
  return pulumi.secret(tokens.stdout.apply((json) => JSON.parse(json)[role] as string));
}

import * as command from "@pulumi/command";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { API_PORT } from "../../plan/engine";
import type { Ingress } from "../../plan/ingress";
import type { Role } from "../../plan/nodes";
import type { Certificates } from "../api/certificates";
import type { Machine } from "../machine/machine";
import { IngressNetwork } from "../network/ingressNetwork";
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
  /** Content of a machine's daemon.json. */
  engineConfig: (machine: Machine) => string;
  /** Content of a machine's nftables.conf. */
  firewallRules: (machine: Machine) => pulumi.Input<string>;
  /** What the managers' API and its clients identify themselves with. */
  certificates: Certificates;
  /** Name of the manager whose API the program talks to. */
  apiManager: string;
  /** Whether clients outside the internal network reach the API too. */
  apiOutside: boolean;
  ingress: Ingress;
  /** Where overlay networks take their subnets from. */
  overlayAddressPool: string;
  /** Increase it to have new join tokens. */
  tokenRotation: number;
  timeouts: SwarmTimeouts;
}

/**
 * One Docker Swarm on a set of machines, whatever they are.
 *
 * Creates scripts that run on nodes: `ready` for every machine; `init`, `size` and `tokens` once;
 * `join` and `member` for every machine; `api` for every manager; `teardown` last. And a
 * `docker.Provider` that reaches the swarm by its API, with the ingress network made by it before
 * anyone joins.
 *
 * A machine that is replaced leaves the swarm by its `member`, which runs on another manager, and
 * comes back by `ready`, `join` and `member`: the first manager like any other node.
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
  /** Makes things in the swarm. Known once the swarm is there. */
  readonly provider: docker.Provider;
  /** Where the provider reaches the swarm, as in DOCKER_HOST. */
  readonly apiUrl: pulumi.Output<string>;
  readonly ingress: IngressNetwork;
  /**
   * Done once every node is a member and no engine has to restart any more: what runs in the swarm
   * depends on it.
   */
  readonly complete: pulumi.Resource[];

  private readonly first: Machine;
  private readonly apiManager: Machine;
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
    this.apiManager = this.managers.find(({ name }) => name === args.apiManager) ?? first;
    this.apiUrl = (
      args.apiOutside ? this.apiManager.ingressAddress : this.apiManager.advertiseAddress
    ).apply(apiUrl);
    this.provider = this.dockerProvider(init);
    this.ingress = this.ingressNetwork(this.managers.map((manager) => ready.get(manager)!));
    const members = args.machines.map((machine) => {
      const dependsOn = [ready.get(machine)!, this.ingress];
      const join = this.join(machine, init, tokens, dependsOn);
      return this.member(machine, join, [...ready.values()]);
    });
    const apis = this.apis(members);
    this.size(members);
    this.teardown(members);
    this.complete = [...members, ...apis];

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
        script: "swarm/ready",
        create: [seconds],
        variables: {
          ENGINE_CONFIG: this.args.engineConfig(machine),
          FIREWALL: this.args.firewallRules(machine),
        },
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
        script: "swarm/init",
        create: [this.first.advertiseAddress, this.args.overlayAddressPool],
        timeoutSeconds: this.args.timeouts.joinSeconds,
      },
      { parent: this, dependsOn, ignoreChanges: ["connection", "create", "stdin"] },
    );
  }

  /** Reaches the swarm by the API of one manager. */
  private dockerProvider(init: command.remote.Command): docker.Provider {
    const { ca, cert, key } = this.args.certificates.client;
    return new docker.Provider(
      `${this.prefix}-provider`,
      {
        // Not known before there is a swarm: a first preview has nobody to ask.
        host: pulumi.all([this.apiUrl, init.id]).apply(([url]) => url),
        caMaterial: ca,
        certMaterial: cert,
        keyMaterial: key,
      },
      { parent: this },
    );
  }

  /**
   * Made before anyone joins: made later it would not reach all nodes by itself. A destroy takes it
   * away while all managers are still there, since that takes a majority of them.
   */
  private ingressNetwork(managers: pulumi.Resource[]): IngressNetwork {
    return new IngressNetwork(
      `${this.prefix}-ingress`,
      {
        ingress: this.args.ingress,
        machine: this.apiManager,
        timeoutSeconds: this.args.timeouts.joinSeconds,
      },
      { parent: this, provider: this.provider, dependsOn: managers },
    );
  }

  /** New certificates restart one manager's engine after the other's. */
  private apis(members: command.remote.Command[]): command.remote.Command[] {
    const seconds = this.args.timeouts.joinSeconds;
    const apis: command.remote.Command[] = [];
    for (const machine of this.managers) {
      const { ca, cert, key } = this.args.certificates.servers[machine.name]!;
      const api = nodeScript(
        `${this.prefix}-${machine.name}-api`,
        {
          machine,
          script: "swarm/api",
          create: [seconds],
          variables: { CA: ca, CERT: cert, KEY: key },
          triggers: [machine.identity],
          timeoutSeconds: 2 * seconds,
        },
        { parent: this, dependsOn: apis.length > 0 ? apis.slice(-1) : members },
      );
      apis.push(api);
    }
    return apis;
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
        script: "swarm/size",
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
        script: "swarm/tokens",
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
        script: "swarm/join",
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
        script: "swarm/member",
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
        script: "swarm/teardown",
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

/** Where a manager's API is. */
export function apiUrl(address: string): string {
  return `tcp://${address}:${API_PORT}`;
}

function joinToken(tokens: command.remote.Command, role: Role): pulumi.Output<string> {
  return pulumi.secret(tokens.stdout.apply((json) => JSON.parse(json)[role] as string));
}

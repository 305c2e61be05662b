import * as command from "@pulumi/command";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { ADDRESS_LABEL, type NodeAttributes } from "./attributes";
import type { Ingress } from "./ingress";
import type { Role } from "../machine/nodes";
import { ANY_MANAGER, anyManagerBut } from "../remote/sshConfig";
import type { Certificates } from "./certificates";
import type { Machine } from "../machine/machine";
import { IngressNetwork } from "./ingressNetwork";
import {
  commandLine,
  ON_MANAGER_TEXT,
  localScript,
  managerScript,
  nodeScript,
  runOnManager,
  scriptText,
} from "../remote/nodeScript";
import type { SshAccess } from "../remote/sshAccess";
import type { SwarmHandle } from "./handle";

/** How the swarm itself is kept. */
export interface SwarmSettings {
  /** Where Docker takes the subnets of overlay networks from, for example `10.0.0.0/8`. */
  overlayAddressPool: string;
  /** Another number rotates the join tokens. */
  tokenRotation: number;
  /** Another number rotates the swarm's CA. */
  caRotation: number;
  /** Days that a node's certificate is valid. */
  nodeCertificateDays: number;
  /** Whether a restarted manager needs a key before it reads the swarm's state. */
  autolock: boolean;
  /** Workers that may be away at a time while nodes are replaced or engines restart. */
  nodesAtOnce: number;
  /** Bound for a machine to boot. */
  bootTimeoutSeconds: number;
  /** Bound for a node to join, and for a manager to answer. */
  joinTimeoutSeconds: number;
  /** Bound for a node's tasks to run elsewhere before it leaves. */
  drainTimeoutSeconds: number;
}

/** A swarm's state to begin with (components/backup/restore.ts). */
export interface RestoreStep {
  /** Name of the backup. */
  backup: string;
  /** Creates what brings it to a manager before the swarm starts. */
  restore: (name: string, opts: pulumi.CustomResourceOptions) => pulumi.Resource;
}

export interface SwarmArgs {
  /** Name of the Pulumi stack. */
  stack: string;
  /** Managers and workers. The first manager starts the swarm. */
  machines: Machine[];
  /** Content of a machine's daemon.json. */
  engineConfig: (machine: Machine) => string;
  /** Content of a machine's nftables.conf. */
  firewallRules: (machine: Machine) => pulumi.Input<string>;
  /** What the managers' API and its clients identify themselves with. */
  certificates: Certificates;
  /** How this machine's `ssh` finds them. */
  access: SshAccess;
  ingress: Ingress;
  /** Default: it begins as a new swarm. */
  restoreStep?: RestoreStep;
  config: SwarmSettings;
  /** What the swarm is to know of a machine's node. */
  attributes: (machine: Machine) => NodeAttributes;
}

/**
 * One Docker Swarm on a set of machines, whatever they are.
 *
 * Creates scripts that run on nodes: `ready` for every machine; `init`, `size` and `tokens` once;
 * `join` and `member` for every machine; `api` for every manager; `engines` once, which
 * restarts engines in turns; `autolock` and `restore` where the
 * config asks for them. And a `docker.Provider` that reaches the swarm by SSH, with the ingress network
 * made by it before anyone joins.
 *
 * A machine that is replaced leaves the swarm by its `member`, which runs on another manager, and
 * comes back by `ready`, `join` and `member`: the first manager like any other node. What is about
 * the swarm as a whole runs on whichever manager can speak for it at that moment.
 *
 * A destroy takes nothing out of the swarm (`handle.lifetime`): its machines end, and it with them.
 */
export class Swarm extends pulumi.ComponentResource {
  /** The swarm's own identifier. */
  readonly clusterId: pulumi.Output<string>;
  /** Secret. Whoever has it can make a machine a manager. */
  readonly managerJoinToken: pulumi.Output<string>;
  /** Secret. */
  readonly workerJoinToken: pulumi.Output<string>;
  /**
   * Secret. What opens the swarm's state on a manager that was restarted; empty without autolock.
   * Known once every manager is open.
   */
  readonly unlockKey: pulumi.Output<string>;
  /** Node IDs by node name, each known once the node is a Ready member. */
  readonly nodeIds: pulumi.Output<Record<string, string>>;
  /** Makes things in the swarm. Known once the swarm is there. */
  readonly provider: docker.Provider;
  readonly ingress: IngressNetwork;
  /**
   * Done once every node is a member and no engine has to restart any more: what runs in the swarm
   * depends on it.
   */
  readonly complete: pulumi.Resource[];

  /** For whatever makes something in it. */
  readonly handle: SwarmHandle;

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

    const ready = new Map(args.machines.map((machine) => [machine, this.createReady(machine)]));
    const init = this.createInit(first, this.restoreState());
    this.handle = { stack: args.stack, access: args.access, lifetime: init };
    const key = this.createAutolock(init);
    this.unlockKey = this.unlockManagers(key, ready);
    const tokens = this.createTokens(init);
    this.provider = this.createProvider(init);
    this.ingress = this.createIngress();
    const members = args.machines.map((machine) => {
      const join = this.createJoin(machine, init, tokens, [ready.get(machine)!, this.ingress]);
      return this.createMember(machine, join, init);
    });
    const apis = this.createApis(members);
    const size = this.noteSize(members);
    const engines = this.restartEngines(ready, apis, key, [...members, size]);
    this.complete = [...members, ...apis.values(), engines];

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
      unlockKey: this.unlockKey,
      nodeIds: this.nodeIds,
    });
  }

  /** The machine has booted and its engine answers, configured as wanted. */
  private createReady(machine: Machine): command.remote.Command {
    const seconds = this.args.config.bootTimeoutSeconds;
    return nodeScript(
      `${this.prefix}-${machine.name}-ready`,
      {
        machine,
        script: "swarm/ready",
        create: [seconds],
        variables: {
          ENGINE_CONFIG: this.args.engineConfig(machine),
          FIREWALL: this.args.firewallRules(machine),
          UPDATES_PROGRAM: scriptText("swarm/updates"),
        },
        triggers: [machine.identity],
        timeoutSeconds: seconds,
      },
      { parent: this },
    );
  }

  /**
   * Starts the swarm, once in its life: a replaced first manager does not repeat it. No graph dependency on
   * `ready` on purpose: every join depends on `init`, so a first manager that is being replaced would block
   * all other nodes. init.sh itself waits until the machine is ready.
   */
  private createInit(first: Machine, dependsOn: pulumi.Resource[]): command.remote.Command {
    const { bootTimeoutSeconds, joinTimeoutSeconds, overlayAddressPool } = this.args.config;
    return nodeScript(
      `${this.prefix}-init`,
      {
        machine: first,
        script: "swarm/init",
        create: [bootTimeoutSeconds, first.advertiseAddress, overlayAddressPool],
        timeoutSeconds: bootTimeoutSeconds + joinTimeoutSeconds,
      },
      { parent: this, dependsOn, ignoreChanges: ["connection", "create", "stdin"] },
    );
  }

  /** Everything else depends on it: no manager is asked before the swarm has its state. */
  private restoreState(): pulumi.Resource[] {
    const { restoreStep } = this.args;
    return restoreStep ? [restoreStep.restore(`${this.prefix}-restore`, { parent: this })] : [];
  }

  /** Name of the backup that the swarm began with, or empty. */
  private get backup(): string {
    return this.args.restoreStep?.backup ?? "";
  }

  private createAutolock(init: command.remote.Command): pulumi.Output<string> {
    const { access, config } = this.args;
    if (!config.autolock) return pulumi.secret("");
    const autolock = managerScript(
      `${this.prefix}-autolock`,
      {
        access,
        manager: ANY_MANAGER,
        script: "swarm/autolock",
        create: ["true"],
        delete: ["false"],
        variables: { RESTORED: this.backup },
        secretOutput: true,
        timeoutSeconds: config.joinTimeoutSeconds,
      },
      { parent: this, dependsOn: [init], deletedWith: init },
    );
    return pulumi.secret(autolock.stdout);
  }

  /** Every `up` brings the key to managers that were restarted: no resource of theirs has changed. */
  private unlockManagers(
    key: pulumi.Output<string>,
    ready: Map<Machine, command.remote.Command>,
  ): pulumi.Output<string> {
    const { access, config } = this.args;
    if (!config.autolock || pulumi.runtime.isDryRun()) return key;
    const open = this.managers.map((machine) => {
      const unlock = runOnManager({
        // One that is away is not waited for.
        access: { ...access, answerSeconds: 30 },
        manager: machine.name,
        script: "swarm/unlock",
        words: [],
      });
      return pulumi
        .all([key, ready.get(machine)!.stdout])
        .apply(([UNLOCK_KEY]) =>
          unlock({ UNLOCK_KEY }).catch((error: Error) => pulumi.log.warn(error.message)),
        );
    });
    return pulumi.all([key, pulumi.all(open)]).apply(([key]) => key);
  }

  /**
   * By SSH rather than by the TLS API: that way no manager has to be reached before there is something
   * to do, so a preview needs none, and any manager will do.
   */
  private createProvider(init: command.remote.Command): docker.Provider {
    const { config, user } = this.args.access;
    return new docker.Provider(
      `${this.prefix}-provider`,
      {
        // Not known before there is a swarm: a first preview has nobody to ask.
        host: pulumi.all([user, init.id]).apply(([user]) => `ssh://${user}@${ANY_MANAGER}`),
        sshOpts: ["-F", config],
      },
      { parent: this },
    );
  }

  /** Made before anyone joins: made later it would not reach all nodes by itself. */
  private createIngress(): IngressNetwork {
    return new IngressNetwork(
      `${this.prefix}-ingress`,
      {
        ingress: this.args.ingress,
        swarm: this.handle,
        timeoutSeconds: this.args.config.joinTimeoutSeconds,
      },
      {
        parent: this,
        provider: this.provider,
        aliases: [{ type: "swarm:network:IngressNetwork" }],
      },
    );
  }

  /** The managers' certificates are on them, in place or waiting for a restart. */
  private createApis(members: pulumi.Resource[]): Map<Machine, command.remote.Command> {
    const seconds = this.args.config.joinTimeoutSeconds;
    return new Map(
      this.managers.map((machine) => {
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
          { parent: this, dependsOn: members },
        );
        return [machine, api];
      }),
    );
  }

  /**
   * Restarts the engines that `ready` and `api` have staged something for. It runs again when one of
   * them says so, and asks those only.
   */
  private restartEngines(
    ready: Map<Machine, command.remote.Command>,
    apis: Map<Machine, command.remote.Command>,
    unlockKey: pulumi.Output<string>,
    dependsOn: pulumi.Resource[],
  ): command.local.Command {
    const { access, machines, config, engineConfig } = this.args;
    const seconds = config.joinTimeoutSeconds;
    const staged = machines.map((machine) =>
      pulumi
        .all([ready.get(machine)!.stdout, apis.get(machine)?.stdout ?? ""])
        .apply((said) => stagedLine(machine, said)),
    );
    return localScript(
      `${this.prefix}-engines`,
      {
        script: "swarm/engines",
        create: [seconds, access.config, commandLine(access.user, []), config.nodesAtOnce],
        variables: {
          STAGED_NODES: pulumi.all(staged).apply((lines) => lines.filter(Boolean).join("\n")),
          ENGINE: scriptText("swarm/engine"),
          ON_MANAGER: ON_MANAGER_TEXT,
          ENGINE_CONFIGS: [...new Set(machines.map(engineConfig))].join("\n"),
          UNLOCK_KEY: unlockKey,
        },
        timeoutSeconds: machines.length * 8 * seconds,
      },
      { parent: this, dependsOn: [...dependsOn, ...apis.values()] },
    );
  }

  /**
   * The wanted number of nodes and managers, kept in the swarm for those that leave: Pulumi deletes
   * after it has updated everything else.
   */
  private noteSize(members: command.local.Command[]): command.local.Command {
    const { access, machines, config } = this.args;
    return managerScript(
      `${this.prefix}-size`,
      {
        access,
        manager: ANY_MANAGER,
        script: "swarm/size",
        create: [this.managers.length, machines.length, ...members.map(({ stdout }) => stdout)],
        timeoutSeconds: config.joinTimeoutSeconds,
      },
      { parent: this, dependsOn: members },
    );
  }

  private createTokens(init: command.remote.Command): command.local.Command {
    const { access, config } = this.args;
    const { tokenRotation, caRotation, nodeCertificateDays, joinTimeoutSeconds } = config;
    return managerScript(
      `${this.prefix}-tokens`,
      {
        access,
        manager: ANY_MANAGER,
        script: "swarm/tokens",
        create: [joinTimeoutSeconds, tokenRotation, caRotation, nodeCertificateDays],
        variables: { RESTORED: this.backup },
        triggers: [String(tokenRotation), String(caRotation)],
        secretOutput: true,
        timeoutSeconds: 2 * joinTimeoutSeconds,
      },
      { parent: this, dependsOn: [init] },
    );
  }

  /** Joins through whichever manager answers; which ones there are is looked at on joining only. */
  private createJoin(
    machine: Machine,
    init: command.remote.Command,
    tokens: command.local.Command,
    dependsOn: pulumi.Resource[],
  ): command.remote.Command {
    const others = this.managers.filter((manager) => manager !== machine);
    const seconds = this.args.config.joinTimeoutSeconds;
    return nodeScript(
      `${this.prefix}-${machine.name}-join`,
      {
        machine,
        script: "swarm/join",
        create: [
          seconds,
          init.stdout,
          machine.advertiseAddress,
          ...others.map((peer) => peer.advertiseAddress),
        ],
        variables: {
          JOIN_TOKEN: joinToken(tokens, machine.role),
          ROLE: machine.role,
          RESTORED: this.backup,
        },
        triggers: [machine.identity],
        timeoutSeconds: 2 * seconds,
      },
      { parent: this, dependsOn, ignoreChanges: ["create"] },
    );
  }

  /** The node as the rest of the swarm sees it: its arrival, and its graceful exit. */
  private createMember(
    machine: Machine,
    join: command.remote.Command,
    init: command.remote.Command,
  ): command.local.Command {
    const { access, machines, config } = this.args;
    const { joinTimeoutSeconds, drainTimeoutSeconds } = config;
    const { availability, labels } = this.args.attributes(machine);
    const alone = this.managers.length === 1 && machine.role === "manager";
    // How long a node that is away may take to come back.
    const awaySeconds = config.bootTimeoutSeconds + joinTimeoutSeconds;
    return managerScript(
      `${this.prefix}-${machine.name}-member`,
      {
        access,
        manager: alone ? ANY_MANAGER : anyManagerBut(machine.name),
        script: "swarm/member",
        create: [
          "arrive",
          joinTimeoutSeconds,
          join.stdout,
          machine.role,
          machine.advertiseAddress,
          availability,
          ...labels,
          // Prometheus finds there where the node's published ports are tried.
          pulumi.interpolate`${ADDRESS_LABEL}=${machine.inboundAddress}`,
        ],
        delete: ["leave", drainTimeoutSeconds, join.stdout, awaySeconds, config.nodesAtOnce],
        triggers: [machine.identity],
        // When all are replaced at once, the last one waits for all the others.
        timeoutSeconds: machines.length * (awaySeconds + 7 * drainTimeoutSeconds),
      },
      { parent: this, dependsOn: [join], deletedWith: init },
    );
  }
}

/** For engines.sh, of a node that has said "staged"; empty otherwise. With what it said, which has the time. */
function stagedLine({ role, name }: Machine, said: string[]): string {
  const staged = said.join("\n").match(/^staged .*$/gm);
  return staged ? [role, name, ...staged].join(" ") : "";
}

function joinToken(tokens: command.local.Command, role: Role): pulumi.Output<string> {
  return pulumi.secret(tokens.stdout.apply((json) => JSON.parse(json)[role] as string));
}

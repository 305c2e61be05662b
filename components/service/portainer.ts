import type * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { ServicePlan } from "./plan";
import type { VolumePlan } from "../storage/plan";
import { overlayNetwork } from "../swarm/overlayNetwork";
import { swarmFile } from "./swarmFile";
import type { ServiceContext } from "./context";
import { bind, data, SOCKET, swarmService } from "./swarmService";

export interface PortainerArgs extends ServiceContext {
  service: ServicePlan;
  /** Its agent on every node. Without it Portainer sees the swarm by the manager it runs on. */
  agent?: PortainerAgent | undefined;
  /** Where it keeps its database. */
  volume: pulumi.Output<VolumePlan>;
  /** Secret. Password of the user `admin`; it counts when Portainer starts for the first time. */
  password: pulumi.Output<string>;
  /** MTU of the network that the agents are on, in bytes. */
  mtu: number;
}

export interface PortainerAgent {
  service: ServicePlan;
  /** Secret. What Portainer and its agents know each other by. */
  secret: pulumi.Output<string>;
}

/** https://docs.portainer.io/admin/environments/add/swarm/agent */
const AGENT_PORT = 9001;
const PASSWORD_FILE = "/run/secrets/portainer-password";
const AGENT_ARGUMENTS = "/run/secrets/portainer-agent";

/**
 * Portainer, one replica on a manager. Creates its service and a secret with the password of its
 * administrator; with an agent also the agents' service, a secret for these and a network for both.
 */
export class Portainer extends pulumi.ComponentResource {
  constructor(
    private readonly prefix: string,
    private readonly args: PortainerArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("swarm:service:Portainer", prefix, {}, opts);
    const agents = args.agent ? this.agents(args.agent) : undefined;
    const secret = swarmFile(
      `${prefix}-password`,
      { ...args, kind: "secret", prefix: "portainer-password", content: args.password },
      { parent: this },
    );
    const endpoint = agents
      ? ["-H", `tcp://tasks.${args.agent!.service.name}:${AGENT_PORT}`, "--tlsskipverify"]
      : ["-H", `unix://${SOCKET}`];
    swarmService(
      `${prefix}-service`,
      {
        ...args,
        container: {
          args: [...endpoint, "--admin-password-file", PASSWORD_FILE],
          // Portainer takes it from here only.
          ...(args.agent ? { env: { AGENT_SECRET: args.agent.secret } } : {}),
          mounts: [...(agents ? [] : [bind(SOCKET, SOCKET, false)]), data(args.volume, "/data")],
          secrets: [{ secretId: secret.id, secretName: secret.name, fileName: PASSWORD_FILE }],
        },
        constraints: ["node.role==manager"],
        networks: agents ? [agents.id] : [],
        files: [secret],
      },
      { parent: this },
    );
    this.registerOutputs();
  }

  private agents({ service, secret: known }: PortainerAgent): docker.Network {
    const { swarm, timeoutSeconds, mtu } = this.args;
    const network = overlayNetwork(
      `${this.prefix}-network`,
      { swarm, timeoutSeconds, name: service.name, mtu, encrypted: true },
      { parent: this },
    );
    // Without it, an agent obeys the first one that asks it.
    const secret = swarmFile(
      `${this.prefix}-agent-secret`,
      {
        ...this.args,
        kind: "secret",
        prefix: "portainer-agent",
        content: pulumi.interpolate`--secret=${known}`,
      },
      { parent: this },
    );
    swarmService(
      `${this.prefix}-agent`,
      {
        ...this.args,
        service,
        container: {
          args: [`@${AGENT_ARGUMENTS}`], // a file with arguments, one a line
          secrets: [{ secretId: secret.id, secretName: secret.name, fileName: AGENT_ARGUMENTS }],
          env: { AGENT_CLUSTER_ADDR: `tasks.${service.name}` },
          mounts: [
            bind(SOCKET, SOCKET, false),
            bind("/var/lib/docker/volumes", "/var/lib/docker/volumes", false),
          ],
        },
        networks: [network.id],
        files: [secret],
      },
      { parent: this },
    );
    return network;
  }
}

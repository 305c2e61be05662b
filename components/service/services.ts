import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import type { ServicePlan } from "./plan";
import { planVolume } from "../storage/plan";
import type { TlsMaterial } from "../swarm/certificates";
import type { SharedFolder } from "../storage/sharedStorage";
import { ComposeStack } from "./composeStack";
import { DnsCache } from "./dnsCache";
import { ExternalPortainer, type ExternalPortainerArgs } from "./externalPortainer";
import { OverlayCheck } from "./overlayCheck";
import { Portainer } from "./portainer";
import type { ServiceContext } from "./context";
import { Visualizer } from "./visualizer";
import { Web } from "./web";

export interface ServicesArgs extends ServiceContext {
  stack: string;
  services: ServicePlan[];
  /** CPUs of each replica of `web`. Default: neither kept nor limited. */
  webCpus: number | undefined;
  /** MTU of the services' own overlay networks, in bytes. */
  mtu: number;
  /** Content of the compose file, where there is one. */
  compose: string | undefined;
  /** Name of the compose file's stack in the swarm. */
  composeName: string;
  /** A Portainer in the operator's own Docker. Default: none. */
  externalPortainer?: Pick<ExternalPortainerArgs, "image" | "port" | "dockerHost"> | undefined;
  storage: SharedFolder;
  /** Number of nodes. */
  nodes: number;
  /** The TLS API of one manager, as in DOCKER_HOST. */
  apiUrl: pulumi.Input<string>;
  client: TlsMaterial;
}

/** Everything that runs in the swarm: a component for each service that the config switches on. */
export class Services extends pulumi.ComponentResource {
  /** Secret. Password of Portainer's user `admin`; empty without Portainer. */
  readonly portainerPassword: pulumi.Output<string>;
  /** Secret. The same of the Portainer outside the swarm. */
  readonly externalPortainerPassword: pulumi.Output<string>;
  /** Names of the compose file's services. */
  readonly composeServices: pulumi.Output<string[]>;

  constructor(
    private readonly prefix: string,
    private readonly args: ServicesArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("swarm:service:Services", prefix, {}, opts);
    const own = { parent: this };

    this.each(
      "web",
      (service) =>
        new Web(
          `${prefix}-web`,
          { ...args, service, cpus: args.webCpus, autoscale: service.autoscale },
          own,
        ),
    );
    this.portainerPassword =
      this.each("portainer", (service) => this.portainer(service)) ?? pulumi.secret("");
    this.each(
      "visualizer",
      (service) => new Visualizer(`${prefix}-visualizer`, { ...args, service }, own),
    );
    this.each("over-test", (service) => this.overlayCheck(service));
    this.each(
      "dns-cache",
      (service) => new DnsCache(`${prefix}-dns-cache`, { ...args, service }, own),
    );
    this.composeServices = this.composeStack()?.services ?? pulumi.output([]);
    this.externalPortainerPassword = args.externalPortainer
      ? this.externalPortainer(args.externalPortainer)
      : pulumi.secret("");
    this.registerOutputs({ composeServices: this.composeServices });
  }

  /** Runs `make` where the service is switched on. */
  private each<T>(name: string, make: (service: ServicePlan) => T): T | undefined {
    const service = this.planOf(name);
    return service && make(service);
  }

  private planOf(name: string): ServicePlan | undefined {
    return this.args.services.find((service) => service.name === name);
  }

  private portainer(service: ServicePlan): pulumi.Output<string> {
    const name = `${this.prefix}-portainer`;
    const password = new random.RandomPassword(
      `${name}-admin`,
      { length: 24, special: false },
      { parent: this },
    );
    const agent = this.planOf("portainer-agent");
    new Portainer(
      name,
      {
        ...this.args,
        service,
        agent: agent && { service: agent, secret: this.agentSecret(name) },
        volume: pulumi
          .output(this.args.storage)
          .apply((storage) => planVolume(storage, service.name)),
        password: password.result,
      },
      { parent: this },
    );
    return password.result;
  }

  /** What Portainer and its agents know each other by. */
  private agentSecret(name: string): pulumi.Output<string> {
    return new random.RandomPassword(
      `${name}-agent-key`,
      { length: 32, special: false },
      { parent: this },
    ).result;
  }

  private overlayCheck(service: ServicePlan): void {
    const { nodes } = this.args;
    new OverlayCheck(
      `${this.prefix}-over-test`,
      { ...this.args, service, spread: nodes > 1 },
      { parent: this },
    );
  }

  private composeStack(): ComposeStack | undefined {
    const { compose, composeName } = this.args;
    if (compose === undefined) return undefined;
    return new ComposeStack(
      `${this.prefix}-compose`,
      { ...this.args, stackName: composeName, compose },
      { parent: this },
    );
  }

  private externalPortainer(
    docker: NonNullable<ServicesArgs["externalPortainer"]>,
  ): pulumi.Output<string> {
    const { stack, apiUrl, client } = this.args;
    return new ExternalPortainer(
      `${this.prefix}-external-portainer`,
      {
        ...docker,
        containerName: `portainer-${stack}`,
        apiUrl,
        client,
      },
      { parent: this },
    ).password;
  }
}

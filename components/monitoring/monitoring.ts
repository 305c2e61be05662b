import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { INTERNAL_NETWORK, MONITORING_NETWORK } from "./ports";
import { webConfig } from "./webConfig";
import type { ServicePlan } from "../service/plan";
import type { OpenPort } from "../swarm/publish";
import { overlayNetwork } from "../swarm/overlayNetwork";
import type { ServiceContext } from "../service/context";
import type { SharedFolder } from "../storage/sharedStorage";
import { Alertmanager } from "./alertmanager";
import { ApiReader } from "./apiReader";
import { Controller } from "./controller";
import { Exporters } from "./exporters";
import { Grafana } from "./grafana";
import { createFile, type MonitoringContext, type Passwords } from "./context";
import { Prometheus } from "./prometheus";

export interface MonitoringArgs extends ServiceContext {
  /** Seconds between two looks of Prometheus, and of the controller. */
  scrapeSeconds: number;
  /** How long Prometheus keeps metrics, for example `15d`. */
  retention: string;
  /** Where Alertmanager sends alerts; empty for nowhere. */
  alertWebhook: string;
  /** Whether the controller scales services, and whether it only says what it would do. */
  autoscaling: boolean;
  autoscalingDryRun: boolean;
  /** MTU of the overlay networks, in bytes. */
  mtu: number;
  /** The services of the stack. */
  services: ServicePlan[];
  /** Where they keep data. */
  storage: SharedFolder;
  /** Ports that services have open on nodes for users. */
  published: OpenPort[];
}

/**
 * What watches the swarm: Prometheus and Alertmanager with their exporters, the controller, and Grafana
 * where the config asks for it.
 *
 * Creates an encrypted overlay network for all of them and one that Prometheus shares with services that
 * export metrics, one password as two secrets (itself, and its hash), and a component for each part.
 */
export class Monitoring extends pulumi.ComponentResource {
  /** Secret. Password of the user `admin` of Prometheus, Alertmanager and Grafana. */
  readonly password: pulumi.Output<string>;

  constructor(
    private readonly prefix: string,
    private readonly args: MonitoringArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("swarm:monitoring:Monitoring", prefix, {}, opts);
    const own = { parent: this };
    const context: MonitoringContext = {
      ...args,
      network: this.network("network", MONITORING_NETWORK),
      internal: this.network("internal", INTERNAL_NETWORK),
    };
    const password = new random.RandomPassword(
      `${prefix}-admin`,
      { length: 24, special: false },
      own,
    );
    const passwords = this.passwords(context, password);

    new Exporters(`${prefix}-exporters`, context, own);
    new ApiReader(`${prefix}-api-reader`, context, own);
    new Alertmanager(
      `${prefix}-alertmanager`,
      { ...context, passwords, webhook: args.alertWebhook },
      own,
    );
    new Prometheus(`${prefix}-prometheus`, { ...args, ...context, passwords }, own);
    new Controller(`${prefix}-controller`, { ...args, ...context, passwords }, own);
    if (args.services.some((service) => service.name === "grafana"))
      new Grafana(`${prefix}-grafana`, { ...context, passwords }, own);

    this.password = password.result;
    this.registerOutputs({ password: this.password });
  }

  private network(part: string, name: string) {
    const { swarm, timeoutSeconds, mtu } = this.args;
    return overlayNetwork(
      `${this.prefix}-${part}`,
      {
        swarm,
        timeoutSeconds,
        name,
        mtu,
        encrypted: true,
      },
      { parent: this },
    );
  }

  private passwords(context: MonitoringContext, password: random.RandomPassword): Passwords {
    const { result, bcryptHash } = password;
    const web = pulumi.secret(bcryptHash).apply(webConfig);
    return {
      plain: createFile(
        `${this.prefix}-password`,
        context,
        "secret",
        "monitoring-password",
        result,
        this,
      ),
      web: createFile(`${this.prefix}-web`, context, "secret", "monitoring-web", web, this),
    };
  }
}

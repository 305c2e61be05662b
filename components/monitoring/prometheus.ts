import * as pulumi from "@pulumi/pulumi";
import { PROMETHEUS_FILES, prometheusConfig } from "./prometheusConfig";
import { meshTcpPorts, type OpenPort } from "../swarm/publish";
import { swarmService } from "../service/swarmService";
import {
  mountConfig,
  mountPassword,
  mountSecret,
  createFile,
  goMemory,
  ON_MANAGERS,
  dataMount,
  serviceDefaults,
  staticFile,
  type MonitoringContext,
  type Passwords,
} from "./context";

export interface PrometheusArgs extends MonitoringContext {
  /** How long metrics are kept, for example `15d`. */
  retention: string;
  scrapeSeconds: number;
  /** Ports that services have open on nodes. */
  published: OpenPort[];
  passwords: Passwords;
}

/**
 * The most that metrics take on disk, whatever their age: a node, and by default the storage machine,
 * has 5 GB in all.
 */
const RETENTION_SIZE = "1GB";

/** Prometheus, one replica on a manager. Creates its service, and configs with its configuration. */
export class Prometheus extends pulumi.ComponentResource {
  constructor(name: string, args: PrometheusArgs, opts?: pulumi.ComponentResourceOptions) {
    super("swarm:monitoring:Prometheus", name, {}, opts);
    const { published, passwords, retention, scrapeSeconds } = args;
    const configuration = prometheusConfig({
      scrapeSeconds,
      meshPorts: meshTcpPorts(published),
    });
    const main = createFile(`${name}-config`, args, "config", "prometheus", configuration, this);
    const alerts = staticFile("alerts.yml");
    const rules = createFile(`${name}-alerts`, args, "config", "prometheus-alerts", alerts, this);
    swarmService(
      `${name}-service`,
      {
        ...serviceDefaults(args, "prometheus"),
        container: {
          args: [
            `--config.file=${PROMETHEUS_FILES.config}`,
            `--web.config.file=${PROMETHEUS_FILES.web}`,
            "--storage.tsdb.path=/prometheus",
            `--storage.tsdb.retention.time=${retention}`,
            `--storage.tsdb.retention.size=${RETENTION_SIZE}`,
          ],
          env: goMemory("prometheus"),
          mounts: [dataMount(args, "prometheus", "/prometheus")],
          configs: [
            mountConfig(main, PROMETHEUS_FILES.config),
            mountConfig(rules, PROMETHEUS_FILES.alerts),
          ],
          secrets: [mountPassword(passwords), mountSecret(passwords.web, PROMETHEUS_FILES.web)],
        },
        constraints: ON_MANAGERS,
        files: [main, rules, passwords.plain, passwords.web],
      },
      { parent: this },
    );
    this.registerOutputs();
  }
}

import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { MONITORING_USER, PASSWORD_FILE } from "./ports";
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

export interface GrafanaArgs extends MonitoringContext {
  passwords: Passwords;
}

/** Its files by what a container finds them as: where Prometheus is, and what is shown. */
const FILES = [
  {
    name: "datasource",
    file: "grafana-datasource.yml",
    path: "provisioning/datasources/swarm.yml",
  },
  { name: "dashboards", file: "grafana-dashboards.yml", path: "provisioning/dashboards/swarm.yml" },
  ...["cluster", "node", "service"].map((name) => ({
    name: `dashboard-${name}`,
    file: `dashboards/${name}.json`,
    path: `dashboards/${name}.json`,
  })),
];

/** The key that it encrypts passwords of data sources with. By default all Grafanas have the same. */
const KEY_FILE = "/run/secrets/grafana-key";

/**
 * Grafana with dashboards of the cluster, a node and a service, one replica on a manager. Creates its
 * service, a config for each of its files, and a secret with a key.
 */
export class Grafana extends pulumi.ComponentResource {
  constructor(name: string, args: GrafanaArgs, opts?: pulumi.ComponentResourceOptions) {
    super("swarm:monitoring:Grafana", name, {}, opts);
    const { passwords } = args;
    const files = FILES.map(({ name: part, file, path }) => ({
      path: `/etc/grafana/${path}`,
      config: createFile(
        `${name}-${part}`,
        args,
        "config",
        `grafana-${part}`,
        staticFile(file),
        this,
      ),
    }));
    const { result } = new random.RandomPassword(
      `${name}-key`,
      { length: 32, special: false },
      { parent: this },
    );
    const key = createFile(`${name}-key-file`, args, "secret", "grafana-key", result, this);
    swarmService(
      `${name}-service`,
      {
        ...serviceDefaults(args, "grafana"),
        container: {
          env: {
            ...goMemory("grafana"),
            GF_SECURITY_ADMIN_USER: MONITORING_USER,
            GF_SECURITY_ADMIN_PASSWORD__FILE: PASSWORD_FILE,
            GF_SECURITY_SECRET_KEY__FILE: KEY_FILE,
            GF_USERS_ALLOW_SIGN_UP: "false",
            // It asks nobody outside: not for updates, and not for plugins at its start.
            GF_ANALYTICS_REPORTING_ENABLED: "false",
            GF_ANALYTICS_CHECK_FOR_UPDATES: "false",
            GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES: "false",
            GF_PLUGINS_PREINSTALL_DISABLED: "true",
          },
          mounts: [dataMount(args, "grafana", "/var/lib/grafana")],
          configs: files.map(({ config, path }) => mountConfig(config, path)),
          secrets: [mountPassword(passwords), mountSecret(key, KEY_FILE)],
        },
        constraints: ON_MANAGERS,
        files: [...files.map(({ config }) => config), passwords.plain, key],
      },
      { parent: this },
    );
    this.registerOutputs();
  }
}

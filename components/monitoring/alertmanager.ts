import * as pulumi from "@pulumi/pulumi";
import { alertmanagerConfig } from "./alertmanagerConfig";
import { PROMETHEUS_FILES } from "./prometheusConfig";
import { swarmService } from "../service/swarmService";
import {
  mountSecret,
  createFile,
  goMemory,
  ON_MANAGERS,
  dataMount,
  serviceDefaults,
  type MonitoringContext,
  type Passwords,
} from "./context";

export interface AlertmanagerArgs extends MonitoringContext {
  /** URL that alerts are posted to; empty for none. */
  webhook: string;
  passwords: Passwords;
}

const CONFIG_FILE = "/run/secrets/alertmanager.yml";

/**
 * Alertmanager, one replica on a manager. Creates its service and a secret with its configuration:
 * whoever has the webhook's URL can post there.
 */
export class Alertmanager extends pulumi.ComponentResource {
  constructor(name: string, args: AlertmanagerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("swarm:monitoring:Alertmanager", name, {}, opts);
    const { webhook, passwords } = args;
    const content = pulumi.secret(alertmanagerConfig(webhook));
    const config = createFile(`${name}-config`, args, "secret", "alertmanager", content, this);
    swarmService(
      `${name}-service`,
      {
        ...serviceDefaults(args, "alertmanager"),
        container: {
          args: [
            `--config.file=${CONFIG_FILE}`,
            `--web.config.file=${PROMETHEUS_FILES.web}`,
            "--storage.path=/alertmanager",
            "--cluster.listen-address=", // it is alone
          ],
          env: goMemory("alertmanager"),
          mounts: [dataMount(args, "alertmanager", "/alertmanager")],
          secrets: [
            mountSecret(config, CONFIG_FILE),
            mountSecret(passwords.web, PROMETHEUS_FILES.web),
          ],
        },
        constraints: ON_MANAGERS,
        files: [config, passwords.web],
      },
      { parent: this },
    );
    this.registerOutputs();
  }
}

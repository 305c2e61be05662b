import { stringify } from "yaml";
import { MONITORING_USER } from "./ports";

/**
 * Who may ask Prometheus and Alertmanager.
 * https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md
 *
 * @param bcryptHash of the password.
 */
export function webConfig(bcryptHash: string): string {
  return stringify({ basic_auth_users: { [MONITORING_USER]: bcryptHash } });
}

import { stringify } from "yaml";

/**
 * Alertmanager's configuration: alerts of one name come together, and are said again after four hours.
 * What is only told for information waits for nobody, so it is said once a day.
 * https://prometheus.io/docs/alerting/latest/configuration/
 *
 * @param webhook URL that alerts are posted to; empty for none: then they are only shown.
 */
export function alertmanagerConfig(webhook: string): string {
  const receiver = webhook === "" ? { name: "nobody" } : { name: "webhook", ...posting(webhook) };
  return stringify({
    route: {
      receiver: receiver.name,
      group_by: ["alertname"],
      group_wait: "30s",
      group_interval: "5m",
      repeat_interval: "4h",
      routes: [{ matchers: ['severity="info"'], repeat_interval: "1d" }],
    },
    inhibit_rules: [
      // A node that is down takes its exporters and its share of the mesh with it.
      {
        source_matchers: ['alertname="NodeDown"'],
        target_matchers: [
          'alertname=~"PrometheusTargetDown|IngressProbeFailing|ManagerUnreachable"',
        ],
        equal: ["node"],
      },
    ],
    receivers: [receiver],
  });
}

function posting(url: string) {
  return { webhook_configs: [{ url, send_resolved: true }] };
}

import { flag, integer, text } from "../../components/machine/fields";
import { image, publishList } from "./services";

/** https://prometheus.io/docs/prometheus/latest/querying/basics/#time-durations */
const DURATION = /^(?=\d)(\d+y)?(\d+w)?(\d+d)?(\d+h)?(\d+m)?(\d+s)?$/;

function retentionProblem(duration: string): string | undefined {
  return DURATION.test(duration) && /[1-9]/.test(duration)
    ? undefined
    : "is no length of time that Prometheus knows; write one such as 15d, 12h or 1d12h";
}

function webhookProblem(url: string): string | undefined {
  return url === "" || (/^https?:\/\//.test(url) && URL.canParse(url))
    ? undefined
    : "is no http:// or https:// URL; write one such as https://example.org/alerts, or nothing";
}

/** What watches the swarm, and what scales its services. */
export const monitoringKeys = {
  monitoring: flag(),

  prometheusImage: image(),
  prometheusPublish: publishList(),
  prometheusRetention: text(retentionProblem),
  scrapeSeconds: integer({ min: 5, max: 300 }),

  alertmanagerImage: image(),
  alertmanagerPublish: publishList(),
  alertWebhook: text(webhookProblem),

  nodeExporterImage: image(),
  cadvisorImage: image(),
  blackboxExporterImage: image(),
  apiReaderImage: image(),

  grafana: flag(),
  grafanaImage: image(),
  grafanaPublish: publishList(),

  controllerImage: image(),
  autoscaling: flag(),
  autoscalingDryRun: flag(),
};

/** Where each part of monitoring listens on its overlay network. */
export const MONITORING_PORTS = {
  prometheus: 9090,
  alertmanager: 9093,
  "blackbox-exporter": 9115,
  "node-exporter": 9100,
  cadvisor: 8080,
  "api-reader": 2375,
  controller: 8080,
  grafana: 3000,
} as const;

/** A service of monitoring. */
export type MonitoringService = keyof typeof MONITORING_PORTS;

/** The overlay network that Prometheus is on, and services that export metrics of their own. */
export const MONITORING_NETWORK = "monitoring";

/**
 * The one that all parts of monitoring are on, Prometheus too, and nobody else: exporters answer
 * whoever asks. cAdvisor 0.52 can have a password for its pages, and none for its metrics.
 */
export const INTERNAL_NETWORK = "monitoring-internal";

/** The user of Prometheus, Alertmanager and Grafana. */
export const MONITORING_USER = "admin";

/** Where containers find the password. */
export const PASSWORD_FILE = "/run/secrets/monitoring-password";

/**
 * The most memory that a container of each may take, in MB of 1,000,000 bytes. On a worker of 800 MB
 * there are two of them, with less than 120 MB together; the others are for managers, of which three
 * share what has one replica.
 */
export const MEMORY_MB: Record<MonitoringService, number> = {
  prometheus: 320,
  alertmanager: 64,
  "blackbox-exporter": 48,
  "node-exporter": 38,
  cadvisor: 78,
  "api-reader": 32,
  controller: 128,
  grafana: 256,
};

import { stringify } from "yaml";
import { ADDRESS_LABEL } from "../swarm/attributes";
import {
  INTERNAL_NETWORK,
  MONITORING_NETWORK,
  MONITORING_PORTS,
  MONITORING_USER,
  PASSWORD_FILE,
  type MonitoringService,
} from "./ports";

export interface PrometheusArgs {
  /** How often metrics are read and rules looked at, and how often the swarm is asked what runs. */
  scrapeSeconds: number;
  /** TCP ports that the routing mesh publishes on every node. */
  meshPorts: number[];
}

/**
 * Seconds between two looks at what there is in the swarm. What is new is first read after that, at
 * most 5 seconds in which Prometheus gathers changes (`updatert` in its discovery/manager.go), and at
 * most one scrape interval: 30 seconds in all by default. A look is five lists of the managers' API
 * and one more for each published port. Three emulated managers and a worker took 92 % of a core with
 * one every 15 seconds, and 127 % with one every 5, with which an `up` found no manager that could
 * decide in time.
 */
const DISCOVERY_SECONDS = 10;

/** Where Prometheus finds its files. */
export const PROMETHEUS_FILES = {
  config: "/etc/prometheus/prometheus.yml",
  alerts: "/etc/prometheus/alerts.yml",
  web: "/run/secrets/monitoring-web.yml",
};

/** https://prometheus.io/docs/prometheus/latest/configuration/configuration/#relabel_config */
interface Relabel {
  source_labels?: string[];
  regex?: string;
  action?: "keep" | "drop" | "labeldrop";
  target_label?: string;
  replacement?: string;
}

/** What discovery knows of a task, a node or a service. */
const META = "__meta_dockerswarm_";

const NODE_LABEL = copy(`${META}node_hostname`, "node");
/** Each is once on a node, so the node's name says more than an address that changes. */
const NODE_AS_INSTANCE = copy(`${META}node_hostname`, "instance");

/** What discovery makes of the label that has the node's address for published ports. */
const INBOUND_ADDRESS = `${META}node_label_${ADDRESS_LABEL.replace(".", "_")}`;

const ownPassword = {
  basic_auth: { username: MONITORING_USER, password_file: PASSWORD_FILE },
};

/**
 * Prometheus' configuration. What is in the swarm it finds by itself through api-reader: every job
 * about tasks asks the same, which is one request. No node is named here, so one more or less is no
 * reason for another configuration, which would start Prometheus anew.
 * https://prometheus.io/docs/prometheus/latest/configuration/configuration/
 */
export function prometheusConfig(args: PrometheusArgs): string {
  const { scrapeSeconds } = args;
  const every = `${scrapeSeconds}s`;
  const discovery = (role: "tasks" | "nodes") => ({
    host: address("api-reader").replace(/^/, "http://"),
    role,
    refresh_interval: `${DISCOVERY_SECONDS}s`,
    ...(role === "tasks" ? { filters: [{ name: "desired-state", values: ["running"] }] } : {}),
  });
  const tasks = { dockerswarm_sd_configs: [discovery("tasks")] };
  return stringify(
    {
      global: {
        scrape_interval: every,
        scrape_timeout: `${Math.min(scrapeSeconds, 10)}s`,
        evaluation_interval: every,
      },
      rule_files: [PROMETHEUS_FILES.alerts],
      alerting: {
        alertmanagers: [{ ...ownPassword, ...oneOf("alertmanager") }],
      },
      scrape_configs: [
        { job_name: "prometheus", ...ownPassword, static_configs: [target("localhost:9090")] },
        { job_name: "alertmanager", ...ownPassword, ...oneOf("alertmanager") },
        {
          job_name: "nodes",
          ...tasks,
          relabel_configs: [
            ...tasksOf("node-exporter"),
            NODE_AS_INSTANCE,
            copy(`${META}node_role`, "role"),
          ],
        },
        {
          job_name: "cadvisor",
          ...tasks,
          relabel_configs: [...tasksOf("cadvisor"), NODE_AS_INSTANCE],
          metric_relabel_configs: CADVISOR,
        },
        {
          job_name: "controller",
          ...tasks,
          // It says of other nodes than its own how they are.
          honor_labels: true,
          relabel_configs: [...tasksOf("controller"), NODE_AS_INSTANCE],
        },
        { job_name: "tasks", ...tasks, relabel_configs: LABELLED_TASKS },
        {
          job_name: "ingress",
          metrics_path: "/probe",
          params: { module: ["tcp"] },
          dockerswarm_sd_configs: args.meshPorts.map((port) => ({ ...discovery("nodes"), port })),
          relabel_configs: [
            keep([INBOUND_ADDRESS], ".+"),
            {
              source_labels: [INBOUND_ADDRESS, "__address__"],
              regex: "(.+);.+:(\\d+)",
              target_label: "__param_target",
              replacement: "$1:$2",
            },
            NODE_LABEL,
            { source_labels: ["__address__"], regex: ".+:(\\d+)", target_label: "port" },
            copy("__param_target", "instance"),
            { target_label: "__address__", replacement: address("blackbox-exporter") },
          ],
        },
      ],
    },
    // Aliases would be right, and harder to read.
    { aliasDuplicateObjects: false },
  );
}

/** The tasks of one of monitoring's own services, on its port and their own network. */
function tasksOf(service: MonitoringService): Relabel[] {
  return [
    keep([`${META}service_name`], service),
    keep([`${META}network_name`], INTERNAL_NETWORK),
    toPort(MONITORING_PORTS[service]),
    NODE_LABEL,
  ];
}

/** Tasks of any service that says in a label where its metrics are. */
const LABELLED_TASKS: Relabel[] = [
  keep([`${META}service_label_prometheus_port`], "\\d+"),
  keep([`${META}network_name`], MONITORING_NETWORK),
  {
    source_labels: ["__address__", `${META}service_label_prometheus_port`],
    regex: "(.+):\\d+;(\\d+)",
    target_label: "__address__",
    replacement: "$1:$2",
  },
  {
    source_labels: [`${META}service_label_prometheus_path`],
    regex: "(/.*)",
    target_label: "__metrics_path__",
  },
  copy(`${META}service_name`, "service"),
  copy(`${META}task_id`, "task"),
  NODE_LABEL,
];

/**
 * Of what cAdvisor says, the few series that the rules, dashboards and the controller use, with short
 * labels: of tasks, and of the machine as a whole, which is the container `/`.
 */
const CADVISOR: Relabel[] = [
  keep(
    ["__name__"],
    "container_cpu_usage_seconds_total|container_memory_working_set_bytes|" +
      "container_spec_memory_limit_bytes|container_start_time_seconds",
  ),
  copy("container_label_com_docker_swarm_service_name", "service"),
  copy("container_label_com_docker_swarm_task_id", "task"),
  keep(["service", "id"], ".+;.*|;/"),
  // The task says which container it is.
  { source_labels: ["service"], regex: ".+", target_label: "id", replacement: "" },
  { action: "labeldrop", regex: "container_label_.*|name|image" },
];

function keep(source_labels: string[], regex: string): Relabel {
  return { source_labels, regex, action: "keep" };
}

function copy(from: string, target_label: string): Relabel {
  return { source_labels: [from], target_label };
}

function toPort(port: number): Relabel {
  return {
    source_labels: ["__address__"],
    regex: "(.+):\\d+",
    target_label: "__address__",
    replacement: `$1:${port}`,
  };
}

function address(service: MonitoringService): string {
  return `${service}:${MONITORING_PORTS[service]}`;
}

function oneOf(service: MonitoringService) {
  return { static_configs: [target(address(service))] };
}

function target(name: string) {
  return { targets: [name] };
}

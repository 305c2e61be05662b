import * as pulumi from "@pulumi/pulumi";
import { bind, swarmService } from "../service/swarmService";
import {
  mountConfig,
  createFile,
  goMemory,
  ON_MANAGERS,
  serviceDefaults,
  staticFile,
  type MonitoringContext,
} from "./context";

/** Something on the node, with what is mounted below it later on too. */
function host(source: string, target = source) {
  return { ...bind(source, target), bindOptions: { propagation: "rslave" } };
}

/**
 * What the rules and dashboards use. Not `netdev`: in a container it would tell of the container's
 * own network.
 * https://github.com/prometheus/node_exporter#collectors
 */
const COLLECTORS = [
  "cpu",
  "diskstats",
  "filesystem",
  "loadavg",
  "meminfo",
  "stat",
  "textfile",
  "time",
  "timex",
  "uname",
];

const NODE_EXPORTER_ARGS = [
  "--path.rootfs=/host",
  "--path.procfs=/host/proc",
  "--path.sysfs=/host/sys",
  "--collector.disable-defaults",
  ...COLLECTORS.map((name) => `--collector.${name}`),
  // Programs of the nodes leave their metrics there, in files NAME.prom.
  "--collector.textfile.directory=/host/var/lib/prometheus/node-exporter",
  // Docker's own mounts, and file systems that are no disk of the node, are left alone: one on a
  // server that is away would hold up the rest.
  "--collector.filesystem.mount-points-exclude=^/(dev|proc|run|sys|var/lib/docker/.+)($|/)",
  "--collector.filesystem.fs-types-exclude=^(autofs|cgroup2?|nfs.*|nsfs|overlay|proc|squashfs|sysfs|tmpfs)$",
];

/**
 * CPU and memory of containers every 15 seconds, with Swarm's labels and no others.
 * https://github.com/google/cadvisor/blob/master/docs/runtime_options.md
 */
const CADVISOR_ARGS = [
  "--docker_only=true",
  "--enable_metrics=cpu,memory",
  "--housekeeping_interval=15s",
  "--store_container_labels=false",
  "--whitelisted_container_labels=com.docker.swarm.service.name,com.docker.swarm.task.id",
];

const BLACKBOX_CONFIG = "/etc/blackbox/blackbox.yml";

/**
 * What Prometheus reads about nodes and containers, and what it has tried for it: the node exporter and
 * cAdvisor on every node, the blackbox exporter on a manager. Creates a service for each and the
 * latter's config.
 *
 * The first two see the node's files, and write none.
 */
export class Exporters extends pulumi.ComponentResource {
  constructor(name: string, args: MonitoringContext, opts?: pulumi.ComponentResourceOptions) {
    super("swarm:monitoring:Exporters", name, {}, opts);
    const own = { parent: this };
    swarmService(
      `${name}-node`,
      {
        ...serviceDefaults(args, "node-exporter"),
        container: {
          args: NODE_EXPORTER_ARGS,
          env: goMemory("node-exporter"),
          mounts: [host("/", "/host")],
        },
      },
      own,
    );
    swarmService(
      `${name}-cadvisor`,
      {
        ...serviceDefaults(args, "cadvisor"),
        container: {
          args: CADVISOR_ARGS,
          env: goMemory("cadvisor"),
          mounts: [
            host("/", "/rootfs"),
            bind("/var/run", "/var/run"),
            bind("/sys", "/sys"),
            host("/var/lib/docker"),
          ],
        },
      },
      own,
    );
    const config = createFile(
      `${name}-blackbox-config`,
      args,
      "config",
      "blackbox",
      staticFile("blackbox.yml"),
      this,
    );
    swarmService(
      `${name}-blackbox`,
      {
        ...serviceDefaults(args, "blackbox-exporter"),
        container: {
          args: [`--config.file=${BLACKBOX_CONFIG}`],
          env: goMemory("blackbox-exporter"),
          configs: [mountConfig(config, BLACKBOX_CONFIG)],
        },
        constraints: ON_MANAGERS,
        files: [config],
      },
      own,
    );
    this.registerOutputs();
  }
}

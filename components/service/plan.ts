import type { AutoscaleOptions } from "../../controller/autoscale";
import type { Config } from "../../stacks/config";
import type { Publish } from "../swarm/publish";

/** One service of the swarm, as far as its users see it. */
export interface ServicePlan {
  /** Its name in the swarm. */
  name: string;
  image: string;
  /** Number of replicas, or one on every node. With `autoscale`: what it is made with. */
  replicas: number | "global";
  publish: Publish[];
  /** Whether its ports are a page for administrators, reached from their networks only. */
  management?: true;
  /** How its number of replicas follows its load. */
  autoscale?: AutoscaleOptions;
}

/** From how few to how many tasks a service has; undefined for one on every node. */
export function taskBounds({
  replicas,
  autoscale,
}: Pick<ServicePlan, "replicas" | "autoscale">): { min: number; max: number } | undefined {
  if (replicas === "global") return undefined;
  // An autoscaled one is made with its fewest.
  return { min: replicas, max: autoscale?.max ?? replicas };
}

/** Every service that the config switches on, in the order in which a report reads best. */
export function planServices(config: Config): ServicePlan[] {
  const services: [on: boolean, service: ServicePlan][] = [
    [
      config.web,
      {
        name: "web",
        image: config.webImage,
        replicas: config.webAutoscale ? (config.webAutoscale.min ?? 1) : config.webReplicas,
        publish: config.webPublish,
        ...(config.webAutoscale ? { autoscale: config.webAutoscale } : {}),
      },
    ],
    [
      config.portainer,
      {
        name: "portainer",
        image: config.portainerImage,
        replicas: 1,
        publish: config.portainerPublish,
        management: true,
      },
    ],
    [
      config.portainer && config.portainerMode === "agent",
      {
        name: "portainer-agent",
        image: config.portainerAgentImage,
        replicas: "global",
        publish: [],
      },
    ],
    [
      config.visualizer,
      {
        name: "visualizer",
        image: config.visualizerImage,
        replicas: 1,
        publish: config.visualizerPublish,
        management: true,
      },
    ],
    [
      config.overlayCheck,
      { name: "over-test", image: config.overlayCheckImage, replicas: 2, publish: [] },
    ],
    [
      config.dnsCache,
      {
        name: "dns-cache",
        image: config.dnsCacheImage,
        replicas: "global",
        publish: config.dnsCachePublish,
      },
    ],
    ...monitoringServices(config),
  ];
  return services.filter(([on]) => on).map(([, service]) => service);
}

/** Those that watch the swarm: one of each, on a manager, or one on every node or manager. */
function monitoringServices(config: Config): [on: boolean, service: ServicePlan][] {
  const { monitoring, grafana } = config;
  const one = (name: string, image: string, publish: Publish[]): ServicePlan => ({
    ...{ name, image, replicas: 1, publish },
  });
  const page = (name: string, image: string, publish: Publish[]): ServicePlan => ({
    ...one(name, image, publish),
    management: true,
  });
  const everywhere = (name: string, image: string): ServicePlan => ({
    ...{ name, image, replicas: "global", publish: [] },
  });
  return [
    [monitoring, page("prometheus", config.prometheusImage, config.prometheusPublish)],
    [monitoring, page("alertmanager", config.alertmanagerImage, config.alertmanagerPublish)],
    [grafana, page("grafana", config.grafanaImage, config.grafanaPublish)],
    [monitoring, one("blackbox-exporter", config.blackboxExporterImage, [])],
    [monitoring, everywhere("node-exporter", config.nodeExporterImage)],
    [monitoring, everywhere("cadvisor", config.cadvisorImage)],
    [monitoring, everywhere("api-reader", config.apiReaderImage)],
    [monitoring, everywhere("controller", config.controllerImage)],
  ];
}

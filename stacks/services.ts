import type { ServicePlan } from "../components/service/plan";
import type { Publish } from "../components/swarm/publish";
import type { Config } from "./config";

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
        dataUid: 0,
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
    name,
    image,
    replicas: 1,
    publish,
  });
  // Each runs as a user of its image's own, who does not own what root makes: nobody, or Grafana's.
  const page = (name: string, image: string, publish: Publish[], dataUid = 65534): ServicePlan => ({
    ...one(name, image, publish),
    management: true,
    dataUid,
  });
  const everywhere = (name: string, image: string): ServicePlan => ({
    name,
    image,
    replicas: "global",
    publish: [],
  });
  return [
    [monitoring, page("prometheus", config.prometheusImage, config.prometheusPublish)],
    [monitoring, page("alertmanager", config.alertmanagerImage, config.alertmanagerPublish)],
    [grafana, page("grafana", config.grafanaImage, config.grafanaPublish, 472)],
    [monitoring, one("blackbox-exporter", config.blackboxExporterImage, [])],
    [monitoring, everywhere("node-exporter", config.nodeExporterImage)],
    [monitoring, everywhere("cadvisor", config.cadvisorImage)],
    [monitoring, everywhere("api-reader", config.apiReaderImage)],
    [monitoring, everywhere("controller", config.controllerImage)],
  ];
}

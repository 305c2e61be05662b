import type { AutoscaleOptions } from "./autoscale";
import type { Config } from "./config";
import type { Publish } from "./publish";

/** One service of the swarm, as far as its users see it. */
export interface ServicePlan {
  /** Its name in the swarm. */
  name: string;
  image: string;
  /** Number of replicas, or one on every node. With `autoscale`: what it is made with. */
  replicas: number | "global";
  publish: Publish[];
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
  ];
  return services.filter(([on]) => on).map(([, service]) => service);
}

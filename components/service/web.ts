import * as pulumi from "@pulumi/pulumi";
import type { AutoscaleOptions } from "../../controller/autoscale";
import type { ServicePlan } from "./plan";
import type { ServiceContext } from "./context";
import { bind, swarmService } from "./swarmService";

export interface WebArgs extends ServiceContext {
  service: ServicePlan;
  /** CPUs of each replica: kept for it, and no more than that. Default: neither. */
  cpus?: number | undefined;
  /** Bounds and targets of its number of replicas. Default: the plan's number, whatever the load. */
  autoscale?: AutoscaleOptions | undefined;
}

const PAGE = "/usr/share/nginx/html/index.html";

/**
 * A request to itself: 5 s after its start, when nobody is sent to the replica yet; a minute after one that
 * was answered; 5 s after one that was not. To enter the container for it takes 0.75 s of CPU time on an
 * emulated node (measured), out of what the replica may have. Docker has a start interval for the first
 * ones; the provider does not know it.
 */
const HEALTHCHECK = {
  tests: [
    "CMD-SHELL",
    "if rm /tmp/healthy 2>/dev/null; then sleep 55; fi; timeout 10 wget -q -O /dev/null http://127.0.0.1/ && touch /tmp/healthy",
  ],
  interval: "5s",
  timeout: "2m",
  retries: 3,
  startPeriod: "10s",
};

/**
 * nginx, with the name of the node that a replica runs on as its page. Whoever asks several times
 * sees the routing mesh at work. Creates one service.
 */
export class Web extends pulumi.ComponentResource {
  constructor(name: string, args: WebArgs, opts?: pulumi.ComponentResourceOptions) {
    super("swarm:service:Web", name, {}, opts);
    const { cpus } = args;
    const hostMode = args.service.publish.some(({ mode }) => mode === "host");
    swarmService(
      `${name}-service`,
      {
        ...args,
        container: {
          mounts: [bind("/etc/hostname", PAGE)],
          healthcheck: HEALTHCHECK,
        },
        ...(cpus ? { resources: exactly(cpus) } : {}),
        order: hostMode ? "stop-first" : "start-first",
      },
      { parent: this },
    );
    this.registerOutputs();
  }
}

/** As much for a task as it may take, so that a share of the one is a share of the other. */
function exactly(cpus: number) {
  const amount = { nanoCpus: Math.round(cpus * 1e9) };
  return { limits: amount, reservation: amount };
}

import * as pulumi from "@pulumi/pulumi";
import { bind, SOCKET, swarmService } from "../service/swarmService";
import {
  mountConfig,
  createFile,
  ON_MANAGERS,
  serviceDefaults,
  staticFile,
  type MonitoringContext,
} from "./context";

/**
 * nginx on every manager, in front of its engine's socket: Prometheus finds by it what runs. It answers
 * requests for a few lists and no others. Creates its service and config.
 */
export class ApiReader extends pulumi.ComponentResource {
  constructor(name: string, args: MonitoringContext, opts?: pulumi.ComponentResourceOptions) {
    super("swarm:monitoring:ApiReader", name, {}, opts);
    const content = staticFile("api-reader.conf");
    const config = createFile(`${name}-config`, args, "config", "api-reader", content, this);
    swarmService(
      `${name}-service`,
      {
        ...serviceDefaults(args, "api-reader"),
        container: {
          mounts: [bind(SOCKET, SOCKET)],
          configs: [mountConfig(config, "/etc/nginx/nginx.conf")],
        },
        constraints: ON_MANAGERS,
        files: [config],
      },
      { parent: this },
    );
    this.registerOutputs();
  }
}

import * as pulumi from "@pulumi/pulumi";
import { bind, SOCKET, swarmService } from "../service/swarmService";
import { asConfig, filed, ON_MANAGERS, placed, staticFile, type MonitoringHome } from "./home";

/**
 * nginx on every manager, in front of its engine's socket: Prometheus finds by it what runs. It answers
 * requests for a few lists and no others. Creates its service and config.
 */
export class ApiReader extends pulumi.ComponentResource {
  constructor(name: string, args: MonitoringHome, opts?: pulumi.ComponentResourceOptions) {
    super("swarm:monitoring:ApiReader", name, {}, opts);
    const content = staticFile("api-reader.conf");
    const config = filed(`${name}-config`, args, "config", "api-reader", content, this);
    swarmService(
      `${name}-service`,
      {
        ...placed(args, "api-reader"),
        container: {
          mounts: [bind(SOCKET, SOCKET)],
          configs: [asConfig(config, "/etc/nginx/nginx.conf")],
        },
        constraints: ON_MANAGERS,
        files: [config],
      },
      { parent: this },
    );
    this.registerOutputs();
  }
}

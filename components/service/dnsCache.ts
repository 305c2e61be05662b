import * as pulumi from "@pulumi/pulumi";
import type { ServicePlan } from "./plan";
import { swarmFile } from "./swarmFile";
import type { ServiceContext } from "./context";
import { swarmService } from "./swarmService";

export interface DnsCacheArgs extends ServiceContext {
  service: ServicePlan;
}

const COREFILE = `.:53 {
  cache 300
  forward . /etc/resolv.conf
  errors
}
`;

/** A DNS cache on every node, in front of the node's own servers. Creates its service and config. */
export class DnsCache extends pulumi.ComponentResource {
  constructor(name: string, args: DnsCacheArgs, opts?: pulumi.ComponentResourceOptions) {
    super("swarm:service:DnsCache", name, {}, opts);
    const config = swarmFile(
      `${name}-config`,
      { ...args, kind: "config", prefix: "dns-cache", content: pulumi.output(COREFILE) },
      { parent: this },
    );
    swarmService(
      `${name}-service`,
      {
        ...args,
        container: {
          args: ["-conf", "/Corefile"],
          configs: [{ configId: config.id, configName: config.name, fileName: "/Corefile" }],
        },
        files: [config],
      },
      { parent: this },
    );
    this.registerOutputs();
  }
}

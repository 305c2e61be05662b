import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { fingerprint } from "../../plan/fingerprint";
import type { ServicePlan } from "../../plan/services";
import { swarmService, type ServiceHome } from "./swarmService";

export interface DnsCacheArgs extends ServiceHome {
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
    const config = new docker.ServiceConfig(
      `${name}-config`,
      {
        name: `dns-cache-${fingerprint(COREFILE)}`,
        data: Buffer.from(COREFILE).toString("base64"),
      },
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
      },
      { parent: this },
    );
    this.registerOutputs();
  }
}

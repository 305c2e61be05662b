/** Management pages (components/service/plan.ts): who reaches them. */
import type { OpenPort } from "../service/compose";
import type { Config } from "../../stacks/config";
import type { AdminPorts } from "./firewall";

/** What the nodes' firewall keeps to administrators. On KVM without adminCidrs that is nothing. */
export function planAdminPorts(
  config: Pick<Config, "target" | "adminCidrs" | "ec2AdminCidrs">,
  published: OpenPort[],
): AdminPorts {
  return {
    ports: published
      .filter(({ management, protocol }) => management && protocol === "tcp")
      .map((port) => port.published),
    from: config.target === "ec2" ? config.ec2AdminCidrs : config.adminCidrs,
  };
}

/** The ports that are for users: all others. */
export function usersPorts(published: OpenPort[]): OpenPort[] {
  return published.filter(({ management }) => !management);
}

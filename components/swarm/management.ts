/** Management pages (components/service/plan.ts): who reaches them. */
import type { AdminPorts } from "./firewall";
import type { OpenPort } from "./publish";

/**
 * What the nodes' firewall keeps to administrators.
 *
 * @param from Their networks. None: the pages are open like any other published port.
 */
export function planAdminPorts(published: OpenPort[], from: string[]): AdminPorts {
  return {
    ports: published
      .filter(({ management, protocol }) => management && protocol === "tcp")
      .map((port) => port.published),
    from,
  };
}

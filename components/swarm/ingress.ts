/** The swarm's ingress network, which the routing mesh uses. */
export interface Ingress {
  name: string;
  subnet: string;
  gateway: string;
  /** Bytes */
  mtu: number;
  encrypted: boolean;
}

/**
 * Options of an overlay network's driver.
 * https://docs.docker.com/engine/network/drivers/overlay/
 */
export function overlayOptions(network: { mtu: number; encrypted: boolean }) {
  return {
    "com.docker.network.driver.mtu": String(network.mtu),
    ...(network.encrypted ? { encrypted: "" } : {}),
  };
}

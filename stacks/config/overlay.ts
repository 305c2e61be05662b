import { isAddress } from "../../components/machine/addresses";
import { flag, integer, text } from "../../components/machine/fields";
import { privateNetwork } from "./network";

/** The networks that Docker makes by itself. */
const DOCKER_NETWORKS = ["ingress", "docker_gwbridge", "bridge", "host", "none"];

function ingressNameProblem(name: string): string | undefined {
  if (DOCKER_NETWORKS.includes(name)) {
    return "is the name of a network of Docker's own; write another one, such as my-ingress";
  }
  return /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}$/.test(name)
    ? undefined
    : "is not a name that Docker takes for a network; write 1 to 63 letters, digits, dots, " +
        "dashes and underscores that start with a letter or digit";
}

function gatewayProblem(address: string): string | undefined {
  return isAddress(address)
    ? undefined
    : "is not an IPv4 address; write one of ingressSubnet, such as 10.11.0.2";
}

/** Bytes. Less than 576 is not IPv4 any more (RFC 791). */
const mtu = () =>
  integer({ min: 576, max: 9000, tooSmall: "the least that IPv4 hosts can rely on" });

/** The networks that Docker has on every node: the routing mesh, and containers' way out. */
export const overlayKeys = {
  ingressName: text(ingressNameProblem),
  ingressSubnet: privateNetwork({ shortest: 8, longest: 24, example: "10.11.0.0/16" }),
  ingressGateway: text(gatewayProblem),
  ingressMtu: mtu(),
  ingressEncrypted: flag(),
  gwbridgeSubnet: privateNetwork({ shortest: 8, longest: 24, example: "172.18.0.0/16" }),
  gwbridgeIcc: flag(),
  gwbridgeMasquerade: flag(),
  gwbridgeMtu: mtu(),
};

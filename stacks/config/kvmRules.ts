import {
  hostAddress,
  isInside,
  nodeAddresses,
  overlap,
  poolHas,
  poolSize,
  type AddressPool,
} from "../../components/machine/addresses";
import { MANAGER_SLOTS, slotsNeeded } from "../../components/machine/slots";
import {
  complain,
  CONTAINER_SUBNETS,
  ingressMtuProblem,
  only,
  outside,
  outsideDocker0,
  rule,
  unreachable,
  type Rule,
} from "./rule";

const NETWORKS = ["natNetwork", "internalNetwork"] as const;

/** What several keys have to do with each other on the target `kvm`: its two networks. */
export const kvmRules: Rule[] = only("kvm", [
  rule(["natNetworkName", "internalNetworkName"], (config) =>
    config.natNetworkName === config.internalNetworkName
      ? complain("internalNetworkName", "is natNetworkName too; write another name")
      : undefined,
  ),

  rule(["natNetworkBridge", "internalNetworkBridge"], (config) =>
    config.natNetworkBridge === config.internalNetworkBridge && config.natNetworkBridge
      ? complain("internalNetworkBridge", "is natNetworkBridge too; write another name")
      : undefined,
  ),

  ...NETWORKS.map((network) =>
    rule([`${network}Bridge`, `${network}Exists`], (config) =>
      config[`${network}Bridge`] === "" && !config[`${network}Exists`]
        ? complain(
            `${network}Bridge`,
            `is no name, and the network is to be made; write a name, or set ${network}Exists`,
          )
        : undefined,
    ),
  ),

  rule(["natNetworkCidr", "internalNetworkCidr"], (config) =>
    overlap(config.natNetworkCidr, config.internalNetworkCidr)
      ? complain(
          "internalNetworkCidr",
          `overlaps natNetworkCidr (${config.natNetworkCidr}); write a network outside it`,
        )
      : undefined,
  ),

  ...NETWORKS.map((network) => outsideDocker0(`${network}Cidr`)),
  ...(["ingressSubnet", "gwbridgeSubnet"] as const).flatMap((key) =>
    NETWORKS.map((network) => outside(key, `${network}Cidr`)),
  ),
  ...NETWORKS.map((network) =>
    rule([`${network}Cidr`, "overlayAddressPool"], (config) =>
      overlap(config[`${network}Cidr`], config.overlayAddressPool)
        ? complain(
            `${network}Cidr`,
            `overlaps overlayAddressPool (${config.overlayAddressPool}), where Docker's overlay ` +
              "networks are; write a network outside it, or move overlayAddressPool",
          )
        : undefined,
    ),
  ),

  ...NETWORKS.map((network) =>
    rule([`${network}Addresses`, `${network}Cidr`], (config) => {
      const message = poolProblem(config[`${network}Addresses`], config[`${network}Cidr`]);
      return message ? complain(`${network}Addresses`, message) : undefined;
    }),
  ),

  ...NETWORKS.map((network) =>
    rule([`${network}Addresses`, "workers"], (config) => {
      const has = poolSize(config[`${network}Addresses`]);
      const needs = slotsNeeded(config.workers);
      return has < needs
        ? complain(
            `${network}Addresses`,
            `has ${has} addresses and needs ${needs} (${MANAGER_SLOTS} kept for managers, ` +
              `${config.workers} for workers); write a longer range, or fewer workers`,
          )
        : undefined;
    }),
  ),

  rule(["ingressMtu", "ingressEncrypted", "internalNetworkMtu"], (config) =>
    ingressMtuProblem(config, "internalNetworkMtu", config.internalNetworkMtu),
  ),

  rule(["image", "imageChecksum"], ({ image, imageChecksum }) => {
    if (image === "node" && imageChecksum !== "") {
      return complain(
        "imageChecksum",
        "is set, but image is node, which is built here; write nothing",
      );
    }
    return /^http:/i.test(image) && imageChecksum === ""
      ? complain(
          "image",
          "comes over a connection on which anyone can change it; write an https:// URL, or its " +
            "SHA-256 as imageChecksum",
        )
      : undefined;
  }),

  rule(["nameservers", ...CONTAINER_SUBNETS], (config) => {
    const wrong = config.nameservers.find((address) =>
      unreachable(config, CONTAINER_SUBNETS, address),
    );
    return wrong
      ? complain(
          "nameservers",
          `has ${wrong} in it, which ${unreachable(config, CONTAINER_SUBNETS, wrong)}, so that names would be asked ` +
            "there; write a server elsewhere, or nothing",
        )
      : undefined;
  }),

  rule(["gwbridgeMasquerade", "natNetworkExists"], (config) =>
    !config.gwbridgeMasquerade && !config.natNetworkExists
      ? complain(
          "gwbridgeMasquerade",
          "takes containers their way out: libvirt translates the nodes' addresses only; write true, " +
            "or use a NAT network that knows the way to gwbridgeSubnet (natNetworkExists: true)",
        )
      : undefined,
  ),

  rule(["storage"], ({ storage }) =>
    storage === "efs" ? complain("storage", "is for EC2; write machine, nfs or none") : undefined,
  ),
]);

/** What is wrong with a pool as a part of its network. */
function poolProblem(pool: AddressPool, cidr: string): string | undefined {
  const usable = nodeAddresses(cidr);
  const remedy = `write a range within ${usable.first}-${usable.last}`;
  if (!isInside(pool.first, cidr) || !isInside(pool.last, cidr)) {
    return `is not inside the network ${cidr}; ${remedy}`;
  }
  if (poolHas(pool, hostAddress(cidr))) {
    return `includes ${hostAddress(cidr)}, the host's own address; ${remedy}`;
  }
  if (!poolHas(usable, pool.first) || !poolHas(usable, pool.last)) {
    return `includes the network's own or its broadcast address; ${remedy}`;
  }
  return undefined;
}

import { isInside, isPrivate, networkForm, overlap } from "../../components/machine/addresses";
import { missingOutputs, nodes, stackOutputs } from "../program";
import { show, type Finding, type Resource, type StackRule } from "../rule";

const LIBVIRT_NETWORK = "libvirt:index/network:Network";
const DOCKER_NETWORK = "docker:index/network:Network";

/** Docker's own bridge on every node. */
const DOCKER0 = "172.17.0.0/16";

interface LibvirtNetwork {
  name?: string;
  forward?: { mode?: string };
  ips?: { address?: string; prefix?: number }[];
}

interface DockerNetwork {
  name?: string;
  ingress?: boolean;
  ipamConfigs?: { subnet?: string }[];
}

export const internalAdvertise: StackRule = {
  name: "internal-advertise",
  description:
    "Nodes advertise private addresses that lie outside the NAT network: the swarm's own traffic " +
    "does not belong where users' traffic comes in, and 2377 and 7946 not on the Internet.",
  level: "mandatory",
  checkStack(resources) {
    const nat = libvirtSubnets(resources).filter(({ mode }) => mode === "nat");
    const problem = (address: string, ingress?: string) => {
      if (!isPrivate(address)) return "is not private";
      if (address === ingress) return "is where published ports are";
      const network = nat.find(({ cidr }) => isInside(address, cidr));
      return network && `lies in the NAT network ${show(network.name)} (${network.cidr})`;
    };
    const blame = (what: string, why: string) =>
      `${what}, which ${why}; write one of the internal network's`;

    return [
      ...nodes(resources).flatMap(({ name, advertiseAddress, ingressAddress }): Finding[] => {
        const why = advertiseAddress && problem(advertiseAddress, ingressAddress);
        return why ? [{ name, message: blame(`advertises ${show(advertiseAddress)}`, why) }] : [];
      }),
    ];
  },
};

export const oneIngressNetwork: StackRule = {
  name: "one-ingress-network",
  description:
    "A swarm has one ingress network. Docker takes no second one, and without any no port is " +
    "published by the routing mesh.",
  level: "mandatory",
  checkStack(resources) {
    const networks = resources.filter(
      ({ type, props }) => type === DOCKER_NETWORK && (props as DockerNetwork).ingress,
    );
    const [first, ...more] = networks;
    if (!first) {
      return resources.some(({ type }) => type === DOCKER_NETWORK || isSwarm(type))
        ? [{ message: "no network has ingress: true; write one (components/swarm)" }]
        : [];
    }
    return more.map(({ name, props }) => ({
      name,
      message: `${show(props.name)} has ingress: true, as ${first.name} has already; remove it`,
    }));
  },
};

const isSwarm = (type: string) => type === "swarm:swarm:Swarm";

/** A subnet, and what it is the subnet of. */
interface Subnet {
  /** The resource that it comes from. */
  resource?: string;
  name: string;
  cidr: string;
  mode?: string | undefined;
}

export const noOverlappingNetworks: StackRule = {
  name: "no-overlapping-networks",
  description:
    "The machines' networks and the containers' have no address in common: a container would not " +
    "reach the machine that has its neighbour's address, nor a node its peers.",
  level: "mandatory",
  checkStack(resources) {
    const machines = [...libvirtSubnets(resources), ...vpcs(resources)];
    const containers = [
      ...dockerSubnets(resources),
      ...subnet(undefined, "gwbridge", stackOutputs(resources).gwbridge?.subnet),
      { name: "docker0", cidr: DOCKER0 },
    ];
    // Overlay networks are taken from this pool, around those that have a subnet of their own.
    const pool = addressPool(resources);
    const overlaps = [
      ...pairs([...machines, ...containers]),
      ...machines.flatMap((network) => pool.map((one): [Subnet, Subnet] => [one, network])),
    ].filter(([one, other]) => overlap(one.cidr, other.cidr));
    return [
      ...missingOutputs(resources, "gwbridge", "overlayAddressPool"),
      ...overlaps.map(([one, other]) => ({
        name: other.resource ?? one.resource,
        message:
          `${other.name} (${other.cidr}) overlaps ${one.name} (${one.cidr}); write a subnet ` +
          "outside it",
      })),
    ];
  },
};

/** The networks of machines on KVM. */
export function libvirtSubnets(resources: Resource[]): Subnet[] {
  return resources
    .filter(({ type }) => type === LIBVIRT_NETWORK)
    .flatMap(({ name: resource, props }) => {
      const { name = resource, ips = [], forward }: LibvirtNetwork = props;
      return ips.flatMap(({ address, prefix }) => {
        const cidr = networkForm(`${address}/${prefix}`);
        return cidr ? [{ resource, name, cidr, mode: forward?.mode }] : [];
      });
    });
}

function vpcs(resources: Resource[]): Subnet[] {
  return resources
    .filter(({ type }) => type === "aws:ec2/vpc:Vpc")
    .flatMap(({ name, props }) => subnet(name, name, props.cidrBlock));
}

function dockerSubnets(resources: Resource[]): Subnet[] {
  return resources
    .filter(({ type }) => type === DOCKER_NETWORK)
    .flatMap(({ name: resource, props }) => {
      const { name = resource, ipamConfigs = [] }: DockerNetwork = props;
      return ipamConfigs.flatMap((config) => subnet(resource, name, config.subnet));
    });
}

function addressPool(resources: Resource[]): Subnet[] {
  const { overlayAddressPool } = stackOutputs(resources);
  return subnet("swarm-init", "the overlay networks' address pool", overlayAddressPool);
}

function subnet(resource: string | undefined, name: string, cidr: unknown): Subnet[] {
  if (typeof cidr !== "string" || !networkForm(cidr)) return [];
  return [{ name, cidr, ...(resource ? { resource } : {}) }];
}

function pairs<T>(list: T[]): [T, T][] {
  return list.flatMap((one, i) => list.slice(i + 1).map((other): [T, T] => [one, other]));
}

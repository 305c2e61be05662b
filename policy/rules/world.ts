import { API_PORT } from "../../components/swarm/engine";
import { groupOpenings, isAmong, isWorld, nodeOpenings, opens, touches } from "../openings";
import type { Opening } from "../openings";
import { missingOutputs, nodes, publishedPorts, stackOutputs } from "../program";
import type { PublishedPort } from "../program";
import { show, type Finding, type Resource, type StackRule } from "../rule";
import { libvirtSubnets } from "./networks";

export const noOpenWorld: StackRule = {
  name: "no-open-world",
  description:
    "Only ports that services publish are open to everybody. SSH, the API and the swarm's own " +
    "ports are for known addresses: each of them is a way to root.",
  level: "mandatory",
  checkStack(resources) {
    const published = publishedPorts(resources).map(({ port }) => port);
    // By the way in to published ports: on KVM the NAT network, on EC2 behind the security groups.
    const { apiOutside } = stackOutputs(resources);
    const wayIn = [...published, "22/tcp", ...(apiOutside ? [`${API_PORT}/tcp`] : [])];
    const nat = libvirtSubnets(resources)
      .filter(({ mode }) => mode === "nat")
      .map(({ cidr }) => cidr);
    const isOutside = (cidr: string) => isWorld(cidr) || touches(cidr, nat);
    return [
      ...missingOutputs(resources, "firewall", "services", "composePlan"),
      ...unsaidFirewalls(resources),
      ...groupOpenings(resources).flatMap((one) => openProblems(one, published, isWorld)),
      ...nodeOpenings(resources).flatMap((one) => openProblems(one, wayIn, isOutside)),
    ];
  },
};

/** Nodes of which the outputs do not say what they let in. */
function unsaidFirewalls(resources: Resource[]): Finding[] {
  const { firewall } = stackOutputs(resources);
  return nodes(resources)
    .filter(({ name }) => firewall && !(name in firewall))
    .map(({ name }) => ({
      name,
      message: `the output "firewall" does not say what ${name} lets in; write its openings`,
    }));
}

/** ICMP has no ports. What it says to everybody, path MTU above all, TCP needs. */
const HARMLESS = ["icmp", "icmpv6"];

function openProblems(
  opening: Opening,
  allowed: string[],
  isOutside: (cidr: string) => boolean,
): Finding[] {
  const { name, from, protocol } = opening;
  const stranger = from.find(isOutside);
  if (!stranger || HARMLESS.includes(protocol)) return [];
  const closed = portsOf(opening).find((port) => !allowed.includes(port));
  return closed
    ? [
        {
          name,
          message:
            `lets ${show(stranger)} in to ${closed}, which no service publishes; write the addresses ` +
            "that need it, or publish it",
        },
      ]
    : [];
}

function portsOf({ protocol, ports }: Opening): string[] {
  if (protocol === "all") return ["every port"];
  if (protocol !== "tcp" && protocol !== "udp") return [protocol];
  return ports.flatMap(([first, last]) =>
    Array.from({ length: last - first + 1 }, (_, i) => `${first + i}/${protocol}`),
  );
}

const TARGET_GROUP = "aws:lb/targetGroup:TargetGroup";

export const managementPages: StackRule = {
  name: "management-pages",
  description:
    "Pages for administrators (Portainer, Grafana and the like) are reached from the admin networks " +
    "only, and by no load balancer: whoever is in there is root on the nodes, or sees what runs.",
  level: "mandatory",
  checkStack(resources) {
    const pages = publishedPorts(resources).filter(({ management }) => management);
    const { from = [], ports = [] } = stackOutputs(resources).adminPorts ?? {};
    const isStranger = (cidr: string) => isWorld(cidr) || !isAmong(cidr, from);
    const openings = groupOpenings(resources);
    return [
      ...missingOutputs(resources, "services", "adminPorts"),
      ...wideAdmins(from),
      ...pages.flatMap((page) => [
        ...openings.flatMap((one) => pageProblems(page, one, isStranger)),
        ...balanced(page, resources),
        // Without admin networks, whoever reaches the NAT network is meant to.
        ...(from.length > 0 && !ports.some((port) => page.port === `${port}/tcp`)
          ? [unguarded(page)]
          : []),
      ]),
    ];
  },
};

function wideAdmins(from: string[]): Finding[] {
  return from.filter(isWorld).map((cidr) => ({
    message:
      `pages for administrators are open to ${show(cidr)}; write their networks (ec2AdminCidrs, on ` +
      "KVM adminCidrs)",
  }));
}

const said = ({ service, port }: PublishedPort) => `${service} (${port})`;

function pageProblems(
  page: PublishedPort,
  opening: Opening,
  isStranger: (cidr: string) => boolean,
): Finding[] {
  const stranger = opens(opening, page.port) ? opening.from.find(isStranger) : undefined;
  if (!stranger) return [];
  const message =
    `lets ${show(stranger)} in to ${said(page)}, which is a page for administrators; write their ` +
    "networks (ec2AdminCidrs, on KVM adminCidrs)";
  return [{ name: opening.name, message }];
}

function balanced(page: PublishedPort, resources: Resource[]): Finding[] {
  return resources
    .filter(({ type, props }) => type === TARGET_GROUP && props.port === parseInt(page.port))
    .map(({ name }) => ({
      name,
      message: `puts ${said(page)} on a load balancer, and that is a page for administrators; remove it`,
    }));
}

function unguarded(page: PublishedPort): Finding {
  return {
    message:
      `the nodes' firewall does not keep ${said(page)} to the admin networks, and that is a page for ` +
      "administrators; write its port into adminPorts (components/swarm/management.ts)",
  };
}

/**
 * What the resources and outputs of this project's program say about its swarm. All of it is data:
 * no rule takes the text of a script or of a firewall apart.
 */
import type { ComposeService } from "../components/service/compose";
import type { AdminPorts, Opening } from "../components/swarm/firewall";
import { portOf, type Publish } from "../components/swarm/publish";
import type { ServicePlan } from "../components/service/plan";
import type { Finding, Resource } from "./rule";

/** A node as the stack's outputs have it. */
export interface Node {
  name: string;
  role: "manager" | "worker";
  ingressAddress?: string | undefined;
  advertiseAddress?: string | undefined;
}

/** What the rules read of index.ts's outputs. A first preview knows most of it. */
interface Outputs {
  nodes?: Node[];
  /** What each node's own firewall lets in, by the node's name. */
  firewall?: Record<string, Opening[] | undefined>;
  /** The engines' daemon.json, by the node's role. */
  engines?: Record<string, Engine | undefined>;
  services?: ServicePlan[];
  composePlan?: ComposeService[];
  adminPorts?: AdminPorts;
  apiOutside?: boolean;
  overlayAddressPool?: string;
  gwbridge?: { subnet?: string };
}

/** The part of a daemon.json that says who reaches the engine. */
export interface Engine {
  hosts?: string[];
  tlsverify?: boolean;
}

const STACK = "pulumi:pulumi:Stack";
const DOCKER_SERVICE = "docker:index/service:Service";

/** The machines of both targets. */
const MACHINES = ["swarm:kvm:KvmMachine", "swarm:ec2:Ec2Machine"];
export const isMachine = ({ type }: Pick<Resource, "type">) => MACHINES.includes(type);

/** The stack's outputs. */
export function stackOutputs(resources: Resource[]): Outputs {
  return resources.find(({ type }) => type === STACK)?.props ?? {};
}

/**
 * The outputs among these that a stack with machines does not have: a rule that reads one would have
 * nothing against anything. One whose value is not known yet is there.
 */
export function missingOutputs(resources: Resource[], ...names: (keyof Outputs)[]): Finding[] {
  const outputs = stackOutputs(resources);
  if (!resources.some(isMachine)) return [];
  return names
    .filter((name) => !(name in outputs))
    .map((name) => ({
      message: `the stack has no output "${name}", which this rule reads; write it (stacks/outputs.ts)`,
    }));
}

/** The swarm's nodes, by the stack's outputs: there a first preview knows them too. */
export function nodes(resources: Resource[]): Node[] {
  return stackOutputs(resources).nodes ?? [];
}

export function managers(resources: Resource[]): Node[] {
  return nodes(resources).filter(({ role }) => role === "manager");
}

/** A port that a service publishes. */
export interface PublishedPort {
  service: string;
  /** Such as `80/tcp`. */
  port: string;
  /** Whether it is a page for administrators (components/service/plan.ts). */
  management: boolean;
}

/** Every port that services publish, those of the compose file included. */
export function publishedPorts(resources: Resource[]): PublishedPort[] {
  const { services = [], composePlan = [] } = stackOutputs(resources);
  const management = services.filter((one) => one.management).map(({ name }) => name);
  return [
    ...resources
      .filter(({ type }) => type === DOCKER_SERVICE)
      .flatMap(endpoints)
      .map((one) => ({ ...one, management: management.includes(one.service) })),
    ...composePlan.flatMap(({ name, publish }) =>
      publish.map((port) => ({ service: name, port, management: false })),
    ),
  ];
}

interface ServiceProps {
  name?: string;
  endpointSpec?: { ports?: { publishedPort?: number; protocol?: Publish["protocol"] }[] };
}

function endpoints({ name, props }: Resource): { service: string; port: string }[] {
  const { endpointSpec, name: service = name }: ServiceProps = props;
  return (endpointSpec?.ports ?? []).flatMap(({ publishedPort, protocol = "tcp" }) =>
    publishedPort ? [{ service, port: portOf({ published: publishedPort, protocol }) }] : [],
  );
}

import { engineConfig, type Gwbridge } from "../../components/swarm/engine";
import type { Publish } from "../../components/swarm/publish";
import { taskBounds } from "../../components/service/plan";
import type { ServiceOutput, StackOutputs } from "../../stacks/outputs";

/** A swarm as far as the program decides how it is: what is compared. */
export interface Swarm {
  nodes: Record<string, Node>;
  ingress: Partial<StackOutputs["ingress"]>;
  services: Record<string, Service>;
}

interface Node {
  role: string;
  status: string;
  availability: string;
  advertiseAddress: string;
  labels: Record<string, string>;
  /** daemon.json */
  engine: object;
  gwbridge: Partial<Gwbridge>;
}

/** Of a service of a compose file, only that it is there. */
export type Service =
  { image: string; replicas: number | string; publish: string[] } | Record<string, never>;

/** How the last `up` left the swarm. */
export function wanted(outputs: StackOutputs): Swarm {
  const { nodes, ingress, gwbridge, registryMirror, services, composeServices } = outputs;
  return {
    nodes: Object.fromEntries(
      nodes.map(({ name, role, availability, advertiseAddress, labels }) => [
        name,
        {
          role,
          status: "ready",
          availability,
          advertiseAddress,
          gwbridge,
          labels: Object.fromEntries(labels.map((label) => splitOnce(label, "="))),
          engine: JSON.parse(engineConfig({ registryMirror, role })) as object,
        },
      ]),
    ),
    ingress,
    services: Object.fromEntries<Service>([
      ...composeServices.map((name): [string, Service] => [name, {}]),
      ...services.map((service): [string, Service] => [
        service.name,
        {
          image: service.image,
          replicas: wantedReplicas(service),
          publish: service.publish.map(portName).sort(),
        },
      ]),
    ]),
  };
}

/** A number, `global`, or how few and how many the autoscaler may choose. */
export function wantedReplicas(service: ServiceOutput): number | string {
  const { min, max } = taskBounds(service) ?? { min: "global", max: "global" };
  return min === max ? min : `${min} to ${max}`;
}

/** A published port in one word. */
export function portName({ mode, published, target, protocol }: Publish): string {
  return `${mode}:${published}:${target}/${protocol}`;
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return [text.slice(0, at), text.slice(at + separator.length)];
}

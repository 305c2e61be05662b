import { parse } from "yaml";
import { z } from "zod";
import { NODE_PORTS, parsePublish, portOf, type OpenPort } from "../swarm/publish";
import type { ServicePlan } from "./plan";

const port = z.union([
  z.number(),
  z.string(),
  z.object({
    published: z.coerce.string().optional(),
    protocol: z.enum(["tcp", "udp"]).default("tcp"),
    mode: z.enum(["ingress", "host"]).default("ingress"),
  }),
]);

const service = z.object(
  {
    image: z.string({ error: "no image; write one, since nodes build none" }),
    ports: z.array(port).default([]),
  },
  { error: "no service; write an image at least" },
);

/** The part of a compose file that has to go together with the rest of the stack. */
const composeFile = z.object(
  {
    services: z.record(z.string(), service, {
      error: "no services; write them as NAME: { image: IMAGE }",
    }),
  },
  { error: "is no compose file; write one with services in it" },
);

/**
 * What is wrong with a compose file, as sentences that follow `composeFile: "<path>" `. Only what
 * concerns the stack as a whole is looked at here; the rest is for `docker stack deploy` to say.
 * https://docs.docker.com/reference/compose-file/
 */
export function composeProblems(text: string, services: ServicePlan[]): string[] {
  let content: unknown;
  try {
    content = parse(text);
  } catch (error) {
    return [`is not YAML: ${(error as Error).message.split(":\n")[0]}`];
  }
  const result = composeFile.safeParse(content);
  if (!result.success) {
    return result.error.issues.map(({ path, message }) =>
      path.length > 0 ? `is wrong at ${path.join(".")}: ${message}` : message,
    );
  }
  return Object.entries(result.data.services).flatMap(([name, { ports }]) =>
    ports.flatMap(publishedPort).flatMap((port) => {
      const other = services.find(({ publish }) => publish.map(portOf).includes(port));
      const owner = NODE_PORTS[port]
        ? `is the nodes' own (${NODE_PORTS[port]})`
        : other && `${other.name} publishes too`;
      return owner ? [`publishes ${port} (${name}), which ${owner}; write another port`] : [];
    }),
  );
}

/** A service of a compose file, as far as others are concerned. */
export interface ComposeService {
  name: string;
  image: string;
  /** The ports that it publishes, as `80/tcp`. */
  publish: string[];
}

/**
 * The services of a compose file.
 *
 * @throws Error for a file that `composeProblems` has something against.
 */
export function composeServices(text: string): ComposeService[] {
  const { services } = composeFile.parse(parse(text));
  return Object.entries(services).map(([name, { image, ports }]) => ({
    name,
    image,
    publish: ports.flatMap(publishedPort),
  }));
}

/** Every port that nodes have open for services: those of the config, and of the compose file. */
export function publishedPorts(services: ServicePlan[], compose: string | undefined): OpenPort[] {
  return [
    ...services.flatMap(({ publish, management }) =>
      publish.map((port) => (management ? { ...port, management } : port)),
    ),
    ...(compose === undefined ? [] : composePorts(compose)),
  ];
}

/**
 * The ports that the services of a compose file publish, as far as each is one number.
 *
 * @throws Error for a file that `composeProblems` has something against.
 */
export function composePorts(text: string): OpenPort[] {
  return Object.values(composeFile.parse(parse(text)).services).flatMap(({ ports }) =>
    ports.flatMap((port) => {
      const mode = typeof port === "object" ? port.mode : "ingress";
      return publishedPort(port).flatMap((name) => {
        const [, published, protocol] = /^(\d+)\/(tcp|udp)$/.exec(name) ?? [];
        return published
          ? [{ mode, protocol: protocol as OpenPort["protocol"], published: Number(published) }]
          : [];
      });
    }),
  );
}

type Port = z.infer<typeof port>;

/** The published port in our own form, as far as it is one number. */
function publishedPort(port: Port): string[] {
  if (typeof port === "object") return port.published ? [`${port.published}/${port.protocol}`] : [];
  return (parsePublish(String(port)) ?? []).map(portOf);
}

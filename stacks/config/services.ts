import { z } from "zod";
import {
  parsePublish,
  portOf,
  PUBLISH_EXAMPLE,
  type Publish,
} from "../../components/swarm/publish";
import { autoscaleList } from "./autoscale";
import { flag, integer, text } from "../../components/machine/fields";

/**
 * `[registry[:port]/]name[:tag][@digest]`, the last two as groups.
 * https://pkg.go.dev/github.com/distribution/reference
 */
const IMAGE = new RegExp(
  "^([a-z0-9.-]+(:[0-9]+)?/)?[a-z0-9]+(([._]|__|-+|/)[a-z0-9]+)*" +
    "(?::(?<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?<digest>@sha256:[a-f0-9]{64})?$",
);

/**
 * A container image with a tag or a digest. `latest` is refused: it would make two runs of the
 * same program differ.
 */
function imageProblem(image: string): string | undefined {
  const remedy = "write an image with its version, such as nginx:1.28.0-alpine";
  const match = IMAGE.exec(image);
  if (!match) return `is not the name of a container image; ${remedy}`;
  const { tag, digest } = match.groups!;
  if (!tag && !digest) return `has no version; ${remedy}`;
  if (tag === "latest" && !digest) return `is another image every few weeks; ${remedy}`;
  return undefined;
}

/** A list of published ports. */
export function publishList() {
  return text((list) => {
    const ports = parsePublish(list);
    if (!ports) {
      return `is no list of published ports (1 to 65535); write ${PUBLISH_EXAMPLE}, or nothing`;
    }
    const twice = firstTwice(ports);
    return twice && `publishes ${twice} twice; write each port once`;
  }).transform((list) => parsePublish(list)!);
}

function firstTwice(ports: Publish[]): string | undefined {
  const names = ports.map(portOf);
  return names.find((name, i) => names.indexOf(name) !== i);
}

function stackNameProblem(name: string): string | undefined {
  return /^[a-z0-9][a-z0-9_-]{0,39}$/.test(name)
    ? undefined
    : "is not a name that Docker takes for a stack; write 1 to 40 small letters, digits, dashes " +
        "and underscores that start with a letter or digit";
}

function composeFileProblem(path: string): string | undefined {
  return path === "" || /\.ya?ml$/.test(path)
    ? undefined
    : "is no path of a YAML file; write one such as compose.yaml, or nothing";
}

function operatorDockerProblem(host: string): string | undefined {
  const remedy = "write one such as unix:///var/run/docker.sock or ssh://user@host";
  if (host.startsWith("tcp://")) {
    return `is reached without TLS, so the swarm's client key would travel in clear; ${remedy}`;
  }
  if (!/^(unix|ssh):\/\//.test(host) || !URL.canParse(host)) {
    return `is not the address of a Docker engine; ${remedy}`;
  }
  const { protocol, pathname, hostname } = new URL(host);
  if (protocol === "unix:") {
    const absolute = hostname === "" && pathname.length > 1;
    return absolute ? undefined : `names no socket by an absolute path; ${remedy}`;
  }
  return hostname ? undefined : `names no host; ${remedy}`;
}

/** https://docs.docker.com/reference/cli/docker/service/create/ has CPUs in thousandths and finer. */
function cpusProblem(cpus: string): string | undefined {
  const remedy = "write a number of CPUs such as 0.25, or nothing";
  if (cpus === "") return undefined;
  if (!/^(0|[1-9]\d*)(\.\d{1,3})?$/.test(cpus)) {
    return `is no number with up to three decimals; ${remedy}`;
  }
  return Number(cpus) > 0 && Number(cpus) <= 64
    ? undefined
    : `is not above 0 and up to 64, as nodes have CPUs; ${remedy}`;
}

/** A container image with its version. */
export const image = () => text(imageProblem);
const replicas = () => integer({ min: 0, max: 500 });

/** What runs in the swarm. */
export const serviceKeys = {
  web: flag(),
  webImage: image(),
  webReplicas: replicas(),
  webPublish: publishList(),
  webAutoscale: autoscaleList(),
  webCpus: text(cpusProblem).transform((cpus) => (cpus === "" ? undefined : Number(cpus))),

  portainer: flag(),
  portainerImage: image(),
  portainerMode: z.enum(["socket", "agent"], {
    error: "is not how Portainer reaches the swarm; write socket or agent",
  }),
  portainerAgentImage: image(),
  portainerPublish: publishList(),

  visualizer: flag(),
  visualizerImage: image(),
  visualizerPublish: publishList(),

  overlayCheck: flag(),
  overlayCheckImage: image(),

  dnsCache: flag(),
  dnsCacheImage: image(),
  dnsCachePublish: publishList(),

  composeFile: text(composeFileProblem),
  composeName: text(stackNameProblem),

  externalPortainer: flag(),
  operatorDocker: text(operatorDockerProblem),
  externalPortainerPort: integer({ min: 1, max: 65535 }),
};

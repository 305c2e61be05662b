import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { TlsMaterial } from "../api/certificates";

export interface ExternalPortainerArgs {
  /** Name of the container and of its volume. */
  containerName: string;
  image: string;
  /** Port on the operator's machine. */
  port: number;
  /** The operator's own Docker, for example `unix:///var/run/docker.sock`. */
  dockerHost: string;
  /** The swarm's API, for example `tcp://192.168.42.10:2376`. */
  apiUrl: pulumi.Input<string>;
  client: TlsMaterial;
}

const FOLDER = "/certs";

/**
 * A Portainer outside the swarm, in a container of the operator's own Docker, which reaches the
 * swarm through the TLS API. Creates the image, a volume and the container there.
 */
export class ExternalPortainer extends pulumi.ComponentResource {
  constructor(name: string, args: ExternalPortainerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("swarm:service:ExternalPortainer", name, {}, opts);
    const provider = new docker.Provider(
      `${name}-docker`,
      { host: args.dockerHost },
      { parent: this },
    );
    const own = { parent: this, provider };
    const image = new docker.RemoteImage(
      `${name}-image`,
      { name: args.image, keepLocally: true },
      own,
    );
    const volume = new docker.Volume(`${name}-data`, { name: args.containerName }, own);
    const { ca, cert, key } = args.client;
    new docker.Container(
      `${name}-container`,
      {
        name: args.containerName,
        image: image.imageId,
        command: [
          ...["-H", args.apiUrl, "--tlsverify"],
          ...["--tlscacert", `${FOLDER}/ca.pem`],
          ...["--tlscert", `${FOLDER}/cert.pem`, "--tlskey", `${FOLDER}/key.pem`],
        ],
        uploads: [
          { file: `${FOLDER}/ca.pem`, content: ca },
          { file: `${FOLDER}/cert.pem`, content: cert },
          { file: `${FOLDER}/key.pem`, content: key },
        ],
        volumes: [{ volumeName: volume.name, containerPath: "/data" }],
        ports: [{ internal: 9000, external: args.port }],
        restart: "unless-stopped",
      },
      { ...own, deleteBeforeReplace: true },
    );
    this.registerOutputs();
  }
}

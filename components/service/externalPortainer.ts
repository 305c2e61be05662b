import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import type { TlsMaterial } from "../swarm/certificates";

export interface ExternalPortainerArgs {
  /** Name of the container and of its volume. */
  containerName: string;
  image: string;
  /** Port on the loopback address of the operator's machine. */
  port: number;
  /** The operator's own Docker, for example `unix:///var/run/docker.sock`. */
  dockerHost: string;
  /** The swarm's API, for example `tcp://192.168.42.10:2376`. */
  apiUrl: pulumi.Input<string>;
  client: TlsMaterial;
}

const FOLDER = "/certs";
const PASSWORD_FILE = `${FOLDER}/admin-password`;
/** Whoever is administrator there is root on the swarm's nodes, and the page is plain HTTP. */
const LOOPBACK = "127.0.0.1";

/**
 * A Portainer outside the swarm, in a container of the operator's own Docker, which reaches the
 * swarm through the TLS API. Creates a password; and the image, a volume and the container there.
 */
export class ExternalPortainer extends pulumi.ComponentResource {
  /** Secret. Password of the user `admin`; it counts when Portainer starts for the first time. */
  readonly password: pulumi.Output<string>;

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
    this.password = new random.RandomPassword(
      `${name}-admin`,
      { length: 24, special: false },
      { parent: this },
    ).result;
    const { ca, cert, key } = args.client;
    new docker.Container(
      `${name}-container`,
      {
        name: args.containerName,
        image: image.imageId,
        command: [
          "-H",
          args.apiUrl,
          "--tlsverify",
          "--tlscacert",
          `${FOLDER}/ca.pem`,
          "--tlscert",
          `${FOLDER}/cert.pem`,
          "--tlskey",
          `${FOLDER}/key.pem`,
          "--admin-password-file",
          PASSWORD_FILE,
        ],
        uploads: [
          { file: `${FOLDER}/ca.pem`, content: ca },
          { file: `${FOLDER}/cert.pem`, content: cert },
          { file: `${FOLDER}/key.pem`, content: key },
          { file: PASSWORD_FILE, content: this.password },
        ],
        volumes: [{ volumeName: volume.name, containerPath: "/data" }],
        ports: [{ internal: 9000, external: args.port, ip: LOOPBACK }],
        restart: "unless-stopped",
      },
      { ...own, deleteBeforeReplace: true },
    );
    this.registerOutputs({ password: this.password });
  }
}

/** @pulumi/docker 5.2.0, through the Docker Engine API of the explicit provider's host. */
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import http from "node:http";
import https from "node:https";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import Docker from "dockerode";
import { z } from "zod";
import { labels, labelMap } from "../../components/service/dockerTypes";
import { serviceInputs, serviceSpec } from "../../components/service/serviceSpec";
import { converged } from "./converged";
import { readInputs, run, type Executor, type Outputs, type Task } from "./executor";

const providerInputs = z.strictObject({
  host: z.string(),
  caMaterial: z.string().optional(),
  certMaterial: z.string().optional(),
  keyMaterial: z.string().optional(),
  /** A list in JSON. */
  sshOpts: z.string().default("[]"),
  /** Accepted but without effect here: the host is first asked when a resource is made. */
  disableDockerDaemonCheck: z.string().optional(),
  version: z.string().optional(),
});

const networkInputs = z.strictObject({
  name: z.string(),
  driver: z.string().optional(),
  ingress: z.boolean().optional(),
  attachable: z.boolean().optional(),
  internal: z.boolean().optional(),
  options: z.record(z.string(), z.string()).optional(),
  ipamConfigs: z
    .array(z.strictObject({ subnet: z.string().optional(), gateway: z.string().optional() }))
    .optional(),
  labels,
});

const secretInputs = z.strictObject({ name: z.string(), data: z.base64(), labels });
const configInputs = z.strictObject({ name: z.string(), data: z.base64(), labels });

const volumeInputs = z.strictObject({ name: z.string(), labels });

const imageInputs = z.strictObject({
  name: z.string(),
  /** Accepted but without effect here: it concerns deletion. */
  keepLocally: z.boolean().optional(),
});

const containerInputs = z.strictObject({
  name: z.string(),
  image: z.string(),
  command: z.array(z.string()).optional(),
  restart: z.enum(["no", "on-failure", "always", "unless-stopped"]).default("no"),
  ports: z
    .array(
      z.strictObject({
        internal: z.int(),
        external: z.int(),
        ip: z.string().default("0.0.0.0"),
        protocol: z.enum(["tcp", "udp"]).default("tcp"),
      }),
    )
    .default([]),
  uploads: z.array(z.strictObject({ file: z.string(), content: z.string() })).default([]),
  volumes: z
    .array(
      z.union([
        z.strictObject({
          containerPath: z.string(),
          volumeName: z.string(),
          readOnly: z.boolean().default(false),
        }),
        z.strictObject({
          containerPath: z.string(),
          hostPath: z.string(),
          readOnly: z.boolean().default(false),
        }),
      ]),
    )
    .default([]),
});

const network = withDocker(async (docker, task) => {
  const { name, driver, ingress, attachable, internal, options, ipamConfigs, ...rest } = readInputs(
    networkInputs,
    task,
  );
  const { id } = await docker.createNetwork(
    bodyOnly({
      Name: name,
      Driver: driver,
      Ingress: ingress,
      Attachable: attachable,
      Internal: internal,
      Options: options,
      IPAM: ipamConfigs && {
        Driver: "default",
        Config: ipamConfigs.map(({ subnet, gateway }) => ({ Subnet: subnet, Gateway: gateway })),
      },
      Labels: labelMap(rest.labels),
    }),
  );
  return { id };
});

const secret = withDocker(async (docker, task) => {
  const { name, data, labels } = readInputs(secretInputs, task);
  const spec = { Name: name, Data: data, Labels: labelMap(labels) };
  return { id: (await docker.createSecret(bodyOnly(spec))).id };
});

const serviceConfig = withDocker(async (docker, task) => {
  const { name, data, labels } = readInputs(configInputs, task);
  const spec = { Name: name, Data: data, Labels: labelMap(labels) };
  return { id: (await docker.createConfig(bodyOnly(spec))).id };
});

const service = withDocker(async (docker, task) => {
  const inputs = readInputs(serviceInputs, task);
  const spec = await pinned(docker, serviceSpec(inputs));
  task.signal.throwIfAborted();
  const { id } = await docker.createService(spec);
  if (inputs.convergeConfig) {
    await converged(docker, id, inputs, task.signal);
  }
  return { id };
});

const volume = withDocker(async (docker, task) => {
  const { name, labels } = readInputs(volumeInputs, task);
  await docker.createVolume(bodyOnly({ Name: name, Labels: labelMap(labels) }));
  return { id: name };
});

const remoteImage = withDocker(async (docker, task) => {
  const { name } = readInputs(imageInputs, task);
  const { Id, RepoDigests } = await pulled(docker, name);
  const repository = name.replace(/:[^/]*$/, "");
  const digest = RepoDigests.find((one) => one.startsWith(`${repository}@`)) ?? RepoDigests[0];
  return { id: Id + name, imageId: Id, repoDigest: digest ?? "" };
});

const container = withDocker(async (docker, task) => {
  const { name, image, command, restart, ports, uploads, volumes } = readInputs(
    containerInputs,
    task,
  );
  await pulled(docker, image);
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {};
  for (const { internal, external, ip, protocol } of ports) {
    (bindings[`${internal}/${protocol}`] ??= []).push({ HostIp: ip, HostPort: `${external}` });
  }
  const spec = {
    Image: image,
    Cmd: command,
    ExposedPorts: Object.fromEntries(Object.keys(bindings).map((port) => [port, {}])),
    HostConfig: {
      RestartPolicy: { Name: restart },
      PortBindings: bindings,
      Binds: volumes.map((volume) => {
        const source = "hostPath" in volume ? volume.hostPath : volume.volumeName;
        return `${source}:${volume.containerPath}:${volume.readOnly ? "ro" : "rw"}`;
      }),
    },
  };
  const made = await docker.createContainer(bodyOnly(spec, { name }));
  if (uploads.length > 0) {
    await made.putArchive(await archive(uploads, task.signal), { path: "/" });
  }
  await made.start();
  return { id: made.id };
});

export const docker: Record<string, Executor> = {
  "docker:index/network:Network": network,
  "docker:index/secret:Secret": secret,
  "docker:index/serviceConfig:ServiceConfig": serviceConfig,
  "docker:index/service:Service": service,
  "docker:index/volume:Volume": volume,
  "docker:index/remoteImage:RemoteImage": remoteImage,
  "docker:index/container:Container": container,
};

/** An executor with a client for the provider's Engine, which hangs up when the signal says so. */
function withDocker(create: (docker: Docker, task: Task) => Promise<Outputs>): Executor {
  return async (task) => {
    const { docker, agent } = connect(task);
    const hangUp = () => agent.destroy();
    task.signal.throwIfAborted();
    task.signal.addEventListener("abort", hangUp);
    try {
      return await create(docker, task);
    } finally {
      task.signal.removeEventListener("abort", hangUp);
      agent.destroy();
    }
  };
}

/** Everything is stated, since dockerode takes what is not from DOCKER_HOST and the like. */
function connect(task: Task): { docker: Docker; agent: http.Agent } {
  if (task.provider === undefined) {
    throw new Error("needs an explicit docker provider");
  }
  const { host, caMaterial, certMaterial, keyMaterial, sshOpts } = readInputs(providerInputs, {
    ...task,
    inputs: task.provider,
  });
  const { protocol, hostname, port, pathname } = new URL(host);
  if (protocol === "unix:") {
    const agent = new http.Agent();
    const options = { socketPath: pathname, host: undefined, protocol: "http" as const, agent };
    return { docker: new Docker(options), agent };
  }
  if (protocol === "ssh:") {
    const agent = new SshAgent(task, new URL(host), JSON.parse(sshOpts));
    const options = { host: "docker", protocol: "http" as const, agent };
    return { docker: new Docker(options), agent };
  }
  if (protocol !== "tcp:" || !port || !caMaterial || !certMaterial || !keyMaterial) {
    throw new Error(
      `the provider's host "${host}": give unix://PATH, ssh://USER@HOST, or tcp://HOST:PORT with caMaterial, ` +
        "certMaterial and keyMaterial",
    );
  }
  const agent = new https.Agent();
  const tls = { ca: caMaterial, cert: certMaterial, key: keyMaterial, protocol: "https" as const };
  const options = { host: hostname, port, ...tls, agent };
  return { docker: new Docker(options), agent };
}

/** Reaches an Engine through `ssh` and the docker command on the other side, as Docker's own client does. */
class SshAgent extends http.Agent {
  constructor(
    private readonly task: Task,
    private readonly url: URL,
    private readonly sshOpts: string[],
  ) {
    super({ keepAlive: true });
  }

  override createConnection() {
    const { username, hostname } = this.url;
    const remote = ["-l", username, "--", hostname, "docker", "system", "dial-stdio"];
    // As its file 3, since that alone is a socket to Node, which an agent keeps and ends as such.
    const { stdio } = spawn(
      "bash",
      ["-c", 'exec ssh "$@" <&3 >&3 3>&-', "ssh", ...this.sshOpts, "-T", ...remote],
      {
        cwd: this.task.projectDir,
        env: process.env, // as the caller sees it, jest too
        stdio: ["ignore", "ignore", "inherit", "pipe"],
      },
    );
    return stdio[3] as Socket;
  }
}

/** dockerode puts the options of some calls into the URL as well, where no secret belongs. */
function bodyOnly<Body extends object>(body: Body, query: Record<string, string> = {}) {
  return { ...body, _body: body, _query: query };
}

/** The image, pulled if this Engine does not have it. */
async function pulled(docker: Docker, name: string): Promise<Docker.ImageInspectInfo> {
  const image = docker.getImage(name);
  try {
    return await image.inspect();
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode !== 404) {
      throw error;
    }
  }
  const progress = await docker.pull(name);
  const lines = await new Promise<{ error?: string }[]>((resolve, reject) =>
    docker.modem.followProgress(progress, (error, all) => (error ? reject(error) : resolve(all))),
  );
  const failure = lines.find(({ error }) => error)?.error;
  if (failure) {
    throw new Error(`pulling ${name}: ${failure}`);
  }
  return image.inspect();
}

/** With the image's digest and platforms, as Docker's own client does where a registry answers. */
async function pinned(docker: Docker, spec: ReturnType<typeof serviceSpec>) {
  const { ContainerSpec, Placement } = spec.TaskTemplate;
  if (ContainerSpec.Image.includes("@")) {
    return spec;
  }
  try {
    const found = await docker.getImage(ContainerSpec.Image).distribution();
    const Image = `${ContainerSpec.Image}@${found.Descriptor.digest}`;
    const Platforms = found.Platforms.map((platform) => ({
      Architecture: platform.architecture,
      OS: platform.os,
    }));
    return {
      ...spec,
      TaskTemplate: {
        ...spec.TaskTemplate,
        ContainerSpec: { ...ContainerSpec, Image },
        Placement: { ...Placement, Platforms },
      },
    };
  } catch {
    return spec; // each node looks for the tag itself
  }
}

/** A tar archive with these files and none of their folders, so that their modes stay. */
async function archive(
  files: { file: string; content: string }[],
  signal: AbortSignal,
): Promise<Buffer> {
  const folder = await mkdtemp(path.join(tmpdir(), "rehearsal-"));
  try {
    const names = files.map(({ file }) => path.posix.relative("/", path.posix.join("/", file)));
    for (const [index, name] of names.entries()) {
      const target = path.join(folder, name);
      await mkdir(path.dirname(target), { recursive: true });
      await writeFile(target, files[index]!.content, { mode: 0o644 });
    }
    const args = ["--create", "--owner=0", "--group=0", "--directory", folder, "--", ...names];
    const options = { encoding: "buffer" as const, maxBuffer: 64 * 1024 * 1024, signal };
    return (await run("tar", args, options)).stdout;
  } finally {
    await rm(folder, { recursive: true });
  }
}

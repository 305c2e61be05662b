import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { docker } from "../../../../lab/rehearsal/docker";
import type { Outputs } from "../../../../lab/rehearsal/executor";
import { run as execFile } from "../../../../lab/rehearsal/executor";
import { tls } from "../../../../lab/rehearsal/tls";
import { executable } from "../../../unit/programFolder";
import { dockerApi, type Answer, type DockerApi } from "../../../fixtures/docker-api";

let folder: string;
let api: DockerApi;
/** Answers by request; `/distribution/` is not there unless a test says otherwise. */
let answers: (request: string) => Answer;

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "rehearsal-docker-"));
  api = await dockerApi(path.join(folder, "docker.sock"), (request) =>
    request.startsWith("GET /distribution/") ? { status: 401 } : answers(request),
  );
  answers = () => ({ status: 201, body: { ID: "new-id", Id: "new-id", id: "new-id" } });
});

afterEach(async () => {
  await api.close();
  rmSync(folder, { recursive: true });
});

function make(
  type: string,
  inputs: Record<string, unknown>,
  options: { provider?: Record<string, unknown>; signal?: AbortSignal } = {},
): Promise<Outputs> {
  const [executor] = Object.entries(docker)
    .filter(([token]) => token.endsWith(`:${type}`))
    .map(([, executor]) => executor);
  const provider = { host: api.host };
  const signal = AbortSignal.timeout(20_000);
  return executor!({ type, name: "x", inputs, provider, projectDir: folder, signal, ...options });
}

/** The body of the last call, which must be this request. */
function bodyOf(request: string): unknown {
  const call = api.calls.at(-1);
  expect(call?.request).toBe(request);
  return call?.body;
}

test("an overlay network with all its settings", async () => {
  const { id } = await make("Network", {
    name: "my-ingress",
    driver: "overlay",
    ingress: true,
    options: { encrypted: "", "com.docker.network.driver.mtu": "1200" },
    ipamConfigs: [{ subnet: "10.11.0.0/16", gateway: "10.11.0.2" }],
    labels: [{ label: "settings", value: "abc" }],
  });
  expect(id).toBe("new-id");
  expect(bodyOf("POST /networks/create")).toEqual({
    Name: "my-ingress",
    Driver: "overlay",
    Ingress: true,
    Options: { encrypted: "", "com.docker.network.driver.mtu": "1200" },
    IPAM: { Driver: "default", Config: [{ Subnet: "10.11.0.0/16", Gateway: "10.11.0.2" }] },
    Labels: { settings: "abc" },
  });
});

test.each([
  ["Secret", "POST /secrets/create"],
  ["ServiceConfig", "POST /configs/create"],
])("a %s, which is in the body alone and not in the URL", async (type, request) => {
  const inputs = { name: "pw", data: "aHVzaA==", labels: [{ label: "a", value: "b" }] };
  expect(await make(type, inputs)).toEqual({ id: "new-id" });
  expect(bodyOf(request)).toEqual({ Name: "pw", Data: "aHVzaA==", Labels: { a: "b" } });
});

test("a volume", async () => {
  expect(await make("Volume", { name: "portainer-dev" })).toEqual({ id: "portainer-dev" });
  expect(bodyOf("POST /volumes/create")).toEqual({ Name: "portainer-dev", Labels: {} });
});

describe("a service", () => {
  /** What the API is sent of a service with these properties, beside its name and its image. */
  async function sent(
    containerSpec: Record<string, unknown>,
    taskSpec: Record<string, unknown> = {},
    service: Record<string, unknown> = {},
  ) {
    await make("Service", {
      name: "web",
      taskSpec: { containerSpec: { image: "nginx:1", ...containerSpec }, ...taskSpec },
      ...service,
    });
    return bodyOf("POST /services/create");
  }

  test("has the provider's defaults", async () => {
    expect(await sent({})).toEqual({
      Name: "web",
      Labels: {},
      TaskTemplate: {
        ContainerSpec: { Image: "nginx:1", Labels: {}, Env: [], StopGracePeriod: 0 },
      },
      Mode: { Replicated: { Replicas: 1 } },
    });
  });

  test.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    [
      "the image's entrypoint and arguments",
      { commands: ["a"], args: ["b"] },
      { Command: ["a"], Args: ["b"] },
    ],
    ["environment", { env: { A: "1", B: "x=y" } }, { Env: ["A=1", "B=x=y"] }],
    ["labels", { labels: [{ label: "a", value: "b" }] }, { Labels: { a: "b" } }],
    ["the user", { user: "1000:1000" }, { User: "1000:1000" }],
    ["hosts", { hosts: [{ host: "nfs", ip: "10.0.0.1" }] }, { Hosts: ["10.0.0.1 nfs"] }],
    ["time to stop", { stopGracePeriod: "1m30s" }, { StopGracePeriod: 90e9 }],
    [
      "a health check",
      { healthcheck: { tests: ["CMD", "true"], interval: "10s", timeout: "500ms", retries: 3 } },
      {
        HealthCheck: {
          Test: ["CMD", "true"],
          Interval: 10e9,
          Timeout: 0.5e9,
          StartPeriod: 0,
          Retries: 3,
        },
      },
    ],
    [
      "a bind mount",
      { mounts: [{ type: "bind", source: "/etc/hostname", target: "/x", readOnly: true }] },
      { Mounts: [{ Type: "bind", Source: "/etc/hostname", Target: "/x", ReadOnly: true }] },
    ],
    [
      "a volume of a driver",
      {
        mounts: [
          {
            type: "volume",
            source: "data-1",
            target: "/data",
            volumeOptions: {
              driverName: "local",
              driverOptions: { type: "nfs", o: "addr=10.0.0.1" },
              noCopy: true,
              labels: [{ label: "a", value: "b" }],
            },
          },
        ],
      },
      {
        Mounts: [
          {
            Type: "volume",
            Source: "data-1",
            Target: "/data",
            ReadOnly: false,
            VolumeOptions: {
              NoCopy: true,
              Labels: { a: "b" },
              DriverConfig: { Name: "local", Options: { type: "nfs", o: "addr=10.0.0.1" } },
            },
          },
        ],
      },
    ],
    [
      "a secret",
      { secrets: [{ secretId: "s1", secretName: "pw", fileName: "password" }] },
      {
        Secrets: [
          {
            SecretID: "s1",
            SecretName: "pw",
            File: { Name: "password", UID: "0", GID: "0", Mode: 0o444 },
          },
        ],
      },
    ],
    [
      "a config",
      { configs: [{ configId: "c1", configName: "core", fileName: "/Corefile", fileMode: 0o400 }] },
      {
        Configs: [
          {
            ConfigID: "c1",
            ConfigName: "core",
            File: { Name: "/Corefile", UID: "0", GID: "0", Mode: 0o400 },
          },
        ],
      },
    ],
  ])("has %s in its containers", async (_what, containerSpec, expected) => {
    expect(await sent(containerSpec)).toMatchObject({ TaskTemplate: { ContainerSpec: expected } });
  });

  test.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    [
      "placement",
      {
        placement: {
          constraints: ["node.role==manager"],
          prefs: ["spread=node.id"],
          maxReplicas: 1,
          platforms: [{ architecture: "amd64", os: "linux" }],
        },
      },
      {
        Placement: {
          Constraints: ["node.role==manager"],
          Preferences: [{ Spread: { SpreadDescriptor: "spread=node.id" } }],
          MaxReplicas: 1,
          Platforms: [{ Architecture: "amd64", OS: "linux" }],
        },
      },
    ],
    ["networks", { networksAdvanceds: [{ id: "net-id" }] }, { Networks: [{ Target: "net-id" }] }],
    [
      "a restart policy",
      { restartPolicy: { condition: "on-failure", delay: "5s" } },
      { RestartPolicy: { Condition: "on-failure", Delay: 5e9, MaxAttempts: 0, Window: 0 } },
    ],
    [
      "resources",
      { resources: { limits: { memoryBytes: 64 }, reservation: { nanoCpus: 5 } } },
      { Resources: { Limits: { MemoryBytes: 64 }, Reservations: { NanoCPUs: 5 } } },
    ],
    ["a forced update", { forceUpdate: 2 }, { ForceUpdate: 2 }],
  ])("has %s for its tasks", async (_what, taskSpec, expected) => {
    expect(await sent({}, taskSpec)).toMatchObject({ TaskTemplate: expected });
  });

  test.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    ["labels", { labels: [{ label: "a", value: "b" }] }, { Labels: { a: "b" } }],
    [
      "replicas",
      { mode: { replicated: { replicas: 3 } } },
      { Mode: { Replicated: { Replicas: 3 } } },
    ],
    ["global mode", { mode: { global: true } }, { Mode: { Global: {} } }],
    [
      "how to update and to roll back",
      {
        updateConfig: {
          parallelism: 2,
          delay: "2s",
          failureAction: "rollback",
          maxFailureRatio: "0.3",
          order: "start-first",
        },
        rollbackConfig: {},
      },
      {
        UpdateConfig: {
          Parallelism: 2,
          Delay: 2e9,
          FailureAction: "rollback",
          Monitor: 5e9,
          MaxFailureRatio: 0.3,
          Order: "start-first",
        },
        RollbackConfig: {
          Parallelism: 1,
          Delay: 0,
          FailureAction: "pause",
          Monitor: 5e9,
          MaxFailureRatio: 0,
          Order: "stop-first",
        },
      },
    ],
    [
      "published ports",
      {
        endpointSpec: {
          mode: "vip",
          ports: [
            { targetPort: 80, publishedPort: 8080 },
            {
              name: "dns",
              targetPort: 53,
              publishedPort: 53,
              protocol: "udp",
              publishMode: "host",
            },
          ],
        },
      },
      {
        EndpointSpec: {
          Mode: "vip",
          Ports: [
            { Protocol: "tcp", TargetPort: 80, PublishedPort: 8080, PublishMode: "ingress" },
            {
              Name: "dns",
              Protocol: "udp",
              TargetPort: 53,
              PublishedPort: 53,
              PublishMode: "host",
            },
          ],
        },
      },
    ],
  ])("has %s", async (_what, service, expected) => {
    expect(await sent({}, {}, service)).toMatchObject(expected);
  });

  test("names its image by digest where a registry knows it", async () => {
    await api.close();
    api = await dockerApi(path.join(folder, "docker.sock"), (request) =>
      request === "GET /distribution/nginx:1/json"
        ? {
            body: {
              Descriptor: { digest: "sha256:abc" },
              Platforms: [{ architecture: "amd64", os: "linux" }],
            },
          }
        : { status: 201, body: { ID: "new-id" } },
    );
    const constraints = ["node.role==worker"];
    expect(await sent({}, { placement: { constraints } })).toMatchObject({
      TaskTemplate: {
        ContainerSpec: { Image: "nginx:1@sha256:abc" },
        Placement: {
          Constraints: constraints,
          Platforms: [{ Architecture: "amd64", OS: "linux" }],
        },
      },
    });
  });

  test.each<[string, Record<string, unknown>, RegExp]>([
    ["a service property", { auth: {} }, /cannot honour.*"auth"/],
    [
      "a task property",
      { taskSpec: { containerSpec: { image: "a" }, runtime: "plugin" } },
      /"runtime"/,
    ],
    ["a container property", { taskSpec: { containerSpec: { image: "a", tty: true } } }, /"tty"/],
    [
      "a duration without a unit",
      { taskSpec: { containerSpec: { image: "a", stopGracePeriod: "10" } } },
      /1m30s/,
    ],
    ["two modes", { mode: { replicated: {}, global: true } }, /cannot honour[^]*mode/],
    [
      "a wait for a global service",
      { mode: { global: true }, convergeConfig: {} },
      /cannot wait for a global/,
    ],
  ])("refuses %s that it would not honour", async (_what, inputs, message) => {
    const base = { name: "web", taskSpec: { containerSpec: { image: "nginx:1" } } };
    await expect(make("Service", { ...base, ...inputs })).rejects.toThrow(message);
    expect(api.calls).toEqual([]);
  });
});

describe("the wait for a service", () => {
  const inputs = (convergeConfig: Record<string, unknown>) => ({
    name: "web",
    taskSpec: { containerSpec: { image: "nginx:1" } },
    mode: { replicated: { replicas: 2 } },
    convergeConfig: { delay: "0s", ...convergeConfig },
  });
  const nodes = [
    { ID: "up", Status: { State: "ready" } },
    { ID: "down", Status: { State: "down" } },
  ];
  const task = (Slot: number, State: string, more: Record<string, unknown> = {}) => ({
    Slot,
    NodeID: "up",
    DesiredState: "running",
    UpdatedAt: "2026-01-01T00:00:00Z",
    Status: { State },
    ...more,
  });
  /** Each look at the tasks finds the next of these, and the last one from then on. */
  function looks(...tasks: object[][]) {
    answers = (request) => {
      if (request.startsWith("GET /tasks?")) {
        return { body: tasks.length > 1 ? tasks.shift() : tasks[0] };
      }
      return request.startsWith("GET /nodes")
        ? { body: nodes }
        : { status: 201, body: { ID: "s" } };
    };
  }

  test("ends when as many tasks run as are wanted", async () => {
    looks([], [task(1, "running"), task(2, "starting")], [task(1, "running"), task(2, "running")]);
    expect(await make("Service", inputs({ timeout: "20s" }))).toEqual({ id: "s" });
    expect(api.calls.filter(({ request }) => request.startsWith("GET /tasks"))).toHaveLength(3);
    expect(api.calls.map(({ request }) => request)).toContain(
      'GET /tasks?filters={"service":["s"]}',
    );
  });

  test.each([
    ["on a node that is down", task(2, "running", { NodeID: "down" })],
    ["that is to be shut down", task(2, "running", { DesiredState: "shutdown" })],
    ["of the same slot", task(1, "running")],
  ])("does not count a task %s", async (_what, second) => {
    looks([task(1, "running"), second]);
    await expect(make("Service", inputs({ timeout: "10ms" }))).rejects.toThrow(
      "1 of 2 tasks run after 0.01 s",
    );
  });

  test("ends with what the tasks last said", async () => {
    const said = (State: string, Err: string, UpdatedAt: string) =>
      task(2, State, { Status: { State, Err }, UpdatedAt, DesiredState: "shutdown" });
    looks([
      task(1, "running"),
      said("rejected", "no such image", "2026-01-01T00:00:01Z"),
      said("failed", "exit 3", "2026-01-01T00:00:02Z"),
      said("rejected", "no such image", "2026-01-01T00:00:03Z"),
    ]);
    await expect(make("Service", inputs({ timeout: "10ms" }))).rejects.toThrow(
      /said: rejected: no such image; failed: exit 3$/,
    );
  });

  test("ends when the signal says so", async () => {
    looks([]);
    const signal = AbortSignal.timeout(200);
    await expect(make("Service", inputs({ timeout: "20s" }), { signal })).rejects.toThrow();
    expect(signal.aborted).toBe(true);
  });
});

describe("images and containers", () => {
  const image = {
    Id: "sha256:1",
    RepoDigests: ["other@sha256:3", "registry:5000/portainer@sha256:2"],
  };
  const name = "registry:5000/portainer:2";

  /** An Engine that has the image only after it was pulled, whose progress ends in this line. */
  function engine(lastLine: object) {
    let here = false;
    answers = (request) => {
      if (request.startsWith("POST /images/create?")) {
        here = true;
        return { body: lastLine };
      }
      if (request.startsWith("GET /images/")) {
        return here ? { body: image } : { status: 404, body: { message: "No such image" } };
      }
      return {
        status: request === "POST /containers/create?name=portainer" ? 201 : 200,
        body: { Id: "c1" },
      };
    };
  }

  test("an image is pulled only where it is missing", async () => {
    engine({ status: "done" });
    const outputs = {
      id: `sha256:1${name}`,
      imageId: "sha256:1",
      repoDigest: image.RepoDigests[1],
    };
    expect(await make("RemoteImage", { name, keepLocally: true })).toEqual(outputs);
    expect(await make("RemoteImage", { name })).toEqual(outputs);
    expect(api.calls.map(({ request }) => request)).toEqual([
      `GET /images/${name}/json`,
      "POST /images/create?fromImage=registry:5000/portainer&tag=2",
      `GET /images/${name}/json`,
      `GET /images/${name}/json`,
    ]);
  });

  test("a pull that fails half-way fails the resource", async () => {
    engine({ error: "unexpected EOF" });
    await expect(make("RemoteImage", { name })).rejects.toThrow("unexpected EOF");
  });

  test("a container is made, gets its files and is started", async () => {
    engine({ status: "done" });
    const { id } = await make("Container", {
      name: "portainer",
      image: name,
      command: ["-H", "tcp://10.0.0.1:2376"],
      restart: "unless-stopped",
      ports: [{ internal: 9000, external: 9090 }],
      uploads: [
        { file: "/certs/ca.pem", content: "CA\n" },
        { file: "/certs/key.pem", content: "KEY\n" },
      ],
      volumes: [
        { containerPath: "/data", volumeName: "portainer" },
        { containerPath: "/sock", hostPath: "/run/docker.sock", readOnly: true },
      ],
    });
    expect(id).toBe("c1");
    const [create, archive, start] = api.calls.slice(-3);
    expect(create).toMatchObject({
      request: "POST /containers/create?name=portainer",
      body: {
        Image: name,
        Cmd: ["-H", "tcp://10.0.0.1:2376"],
        ExposedPorts: { "9000/tcp": {} },
        HostConfig: {
          RestartPolicy: { Name: "unless-stopped" },
          PortBindings: { "9000/tcp": [{ HostIp: "0.0.0.0", HostPort: "9090" }] },
          Binds: ["portainer:/data:rw", "/run/docker.sock:/sock:ro"],
        },
      },
    });
    expect(archive?.request).toBe("PUT /containers/c1/archive?path=/");
    const listing = execFile("tar", ["--list", "--verbose", "--numeric-owner"]);
    listing.child.stdin?.end(archive?.body);
    expect((await listing).stdout.trim().split("\n")).toEqual([
      expect.stringMatching(/^-rw-r--r-- 0\/0 +3 .* certs\/ca\.pem$/),
      expect.stringMatching(/^-rw-r--r-- 0\/0 +4 .* certs\/key\.pem$/),
    ]);
    expect(start?.request).toBe("POST /containers/c1/start");
  });
});

describe("the provider", () => {
  const inputs = { name: "net", driver: "overlay" };
  const type = "Network";

  test.each<[string, Record<string, unknown> | undefined, string]>([
    ["is missing", undefined, "needs an explicit docker provider"],
    [
      "has no TLS material",
      { host: "tcp://10.0.0.1:2376" },
      "give unix://PATH, ssh://USER@HOST, or tcp://HOST:PORT",
    ],
    ["has a host of another kind", { host: "fd://" }, "give unix://PATH"],
    [
      "has an input that has no effect here",
      { host: "unix:///x", certPath: "/x" },
      "cannot honour",
    ],
  ])("is refused when it %s", async (_what, provider, message) => {
    await expect(make(type, inputs, { provider })).rejects.toThrow(message);
  });

  test("repeats the Engine's words", async () => {
    answers = () => ({ status: 409, body: { message: "network with name net already exists" } });
    await expect(make(type, inputs)).rejects.toThrow("network with name net already exists");
  });

  test("is not the one of DOCKER_HOST", async () => {
    process.env.DOCKER_HOST = "tcp://127.0.0.1:1";
    try {
      expect(await make(type, inputs)).toEqual({ id: "new-id" });
    } finally {
      delete process.env.DOCKER_HOST;
    }
  });

  test("is reached by ssh, with one connection for all that a resource asks", async () => {
    const { PATH } = process.env;
    process.env.PATH = `${folder}:${PATH}`;
    const socket = new URL(api.host).pathname;
    executable(
      path.join(folder, "ssh"),
      `#!${process.execPath}
require("node:fs").appendFileSync("${folder}/calls", process.argv.slice(2).join(" ") + "\\n");
const engine = require("node:net").connect("${socket}");
process.stdin.pipe(engine).pipe(process.stdout);
`,
    );
    let looks = 0;
    answers = (request) => {
      if (request.startsWith("POST")) return { status: 200, body: {} };
      if (looks++ === 0) return { status: 404, body: {} };
      return { status: 200, body: { Id: "sha256:1", RepoDigests: ["nginx@sha256:2"] } };
    };
    try {
      const provider = { host: "ssh://debian@swarm-any", sshOpts: '["-F","config"]' };
      const image = await make("RemoteImage", { name: "nginx:1" }, { provider });
      expect(image.repoDigest).toBe("nginx@sha256:2");
      expect(api.calls).toHaveLength(3);
      expect(readFileSync(path.join(folder, "calls"), "utf8")).toBe(
        "-F config -T -l debian -- swarm-any docker system dial-stdio\n",
      );
    } finally {
      process.env.PATH = PATH;
    }
  });

  test("is hung up on when the signal says so", async () => {
    answers = () => undefined;
    const signal = AbortSignal.timeout(200);
    await expect(make(type, inputs, { signal })).rejects.toThrow("socket hang up");
  });

  describe("over TLS", () => {
    let server: DockerApi;
    let ca: Material;
    let stranger: Material;

    interface Material {
      /** Certificate and key, by the name that is in the certificate. */
      issue: (name: string) => Promise<{ ca: string; cert: string; key: string }>;
    }

    async function authority(): Promise<Material> {
      const create = (type: string, inputs: Record<string, unknown>) => {
        const signal = AbortSignal.timeout(20_000);
        const task = { type, name: "x", inputs, provider: undefined, projectDir: folder, signal };
        return tls[`tls:index/${type}`]!(task);
      };
      const newKey = async () =>
        (await create("privateKey:PrivateKey", { algorithm: "ECDSA", ecdsaCurve: "P256" }))
          .privateKeyPem as string;
      const caPrivateKeyPem = await newKey();
      const { certPem: caCertPem } = await create("selfSignedCert:SelfSignedCert", {
        privateKeyPem: caPrivateKeyPem,
        subject: { commonName: "CA" },
        isCaCertificate: true,
        validityPeriodHours: 1,
        allowedUses: ["cert_signing"],
      });
      return {
        async issue(commonName) {
          const key = await newKey();
          const request = await create("certRequest:CertRequest", {
            privateKeyPem: key,
            subject: { commonName },
            ipAddresses: ["127.0.0.1"],
          });
          const { certPem } = await create("locallySignedCert:LocallySignedCert", {
            certRequestPem: request.certRequestPem,
            caPrivateKeyPem,
            caCertPem,
            validityPeriodHours: 1,
            allowedUses: ["digital_signature", "server_auth", "client_auth"],
          });
          return { ca: String(caCertPem), cert: String(certPem), key };
        },
      };
    }

    beforeEach(async () => {
      [ca, stranger] = await Promise.all([authority(), authority()]);
      server = await dockerApi(await ca.issue("mg0"), () => ({ status: 201, body: { Id: "n" } }));
    });

    afterEach(() => server.close());

    const provider = ({ ca, cert, key }: { ca: string; cert: string; key: string }) => ({
      provider: { host: server.host, caMaterial: ca, certMaterial: cert, keyMaterial: key },
    });

    test("shows its certificate", async () => {
      expect(await make(type, inputs, provider(await ca.issue("operator")))).toEqual({ id: "n" });
      expect(server.calls).toMatchObject([
        { request: "POST /networks/create", client: "operator" },
      ]);
    });

    test("refuses a server of another CA", async () => {
      const own = await ca.issue("operator");
      const { ca: otherCa } = await stranger.issue("operator");
      const failed = make(type, inputs, provider({ ...own, ca: otherCa }));
      await expect(failed).rejects.toThrow(/certificate/);
      expect(server.calls).toEqual([]);
    });

    test("is refused with a certificate of another CA", async () => {
      const { ca: rightCa } = await ca.issue("operator");
      const other = await stranger.issue("operator");
      await expect(make(type, inputs, provider({ ...other, ca: rightCa }))).rejects.toThrow();
      expect(server.calls).toEqual([]);
    });
  });
});

import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { rehearse, type RehearsalOptions, type ResourceEvent } from "../../../../lab/rehearsal";
import { dockerApi } from "../../../fixtures/docker-api";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "rehearsal-test-"));
  jest.spyOn(process.stderr, "write").mockReturnValue(true);
});

afterEach(() => {
  jest.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

/** Rehearses a program with this body; its last statement returns the outputs. */
function run(body: string, options: Partial<RehearsalOptions> = {}) {
  const packages = ["pulumi", "command", "libvirt", "tls", "random", "docker"].map(
    (name) => `const ${name} = require(${JSON.stringify(require.resolve(`@pulumi/${name}`))});\n`,
  );
  const local = `const local = (name, create, opts) =>
    new command.local.Command(name, { create, dir: ${JSON.stringify(folder)} }, opts);\n`;
  const projectDir = mkdtempSync(path.join(folder, "project-"));
  writeFileSync(
    path.join(projectDir, "index.js"),
    `${packages.join("")}${local}module.exports = async () => {${body}};\n`,
  );
  return rehearse({ projectDir, stack: "dev", config: {}, ...options });
}

const lines = () => readFileSync(path.join(folder, "log"), "utf8").trim().split("\n");

describe("a program that succeeds", () => {
  test("gets its configuration, project and stack", async () => {
    const { outputs } = await run(
      `return {
        workers: new pulumi.Config().requireNumber("workers"),
        where: pulumi.getProject() + "/" + pulumi.getStack(),
        preview: pulumi.runtime.isDryRun(),
      };`,
      { config: { workers: "3" } },
    );
    expect(outputs).toEqual({ workers: 3, where: "pulumi-swarm/dev", preview: false });
  });

  test("has its outputs resolved, secrets included and named", async () => {
    const result = await run(`
      const token = local("token", "echo swmtkn", { additionalSecretOutputs: ["stdout"] });
      const key = new tls.PrivateKey("key", { algorithm: "ED25519" });
      return {
        plain: local("plain", "echo hello").stdout,
        token: token.stdout,
        nested: { tokens: [pulumi.interpolate\`\${token.stdout}!\`] },
        marked: pulumi.secret("s"),
        privateKey: key.privateKeyOpenssh,
        publicKey: key.publicKeyOpenssh,
        password: new random.RandomPassword("password", { length: 20 }).result,
      };`);
    expect(result.outputs).toMatchObject({
      plain: "hello",
      token: "swmtkn",
      nested: { tokens: ["swmtkn!"] },
      marked: "s",
      privateKey: expect.stringMatching(/^-----BEGIN OPENSSH PRIVATE KEY-----\n/),
      publicKey: expect.stringMatching(/^ssh-ed25519 [\w+/]+=*\n$/),
      password: expect.stringMatching(/^.{20}$/),
    });
    expect(result.secretOutputs.sort()).toEqual([
      "marked",
      "nested",
      "password",
      "privateKey",
      "token",
    ]);
    expect(result.resources).toBe(4);
  });

  test("hands secrets to tools as plain values", async () => {
    const { outputs } = await run(`
      const command = local("show", pulumi.secret("echo visible"));
      return { stdout: command.stdout, create: command.create };`);
    expect(outputs).toEqual({ stdout: "visible", create: "echo visible" });
  });

  test("waits for resources that no output mentions, in the order of dependsOn", async () => {
    await run(`
      class Group extends pulumi.ComponentResource {
        constructor() {
          super("swarm:test:Group", "group");
          local("first", "sleep 0.3; echo first >> log", { parent: this });
          this.registerOutputs({});
        }
      }
      const second = local("second", "echo second >> log", { dependsOn: new Group() });
      local("third", "echo third >> log", { dependsOn: [second] });`);
    expect(lines()).toEqual(["first", "second", "third"]);
  });

  test("runs what does not depend on each other side by side", async () => {
    await run(`
      local("a", "until [ -e b ]; do sleep 0.01; done; touch a");
      local("b", "touch b; until [ -e a ]; do sleep 0.01; done");`);
    expect(existsSync(path.join(folder, "a"))).toBe(true);
  });

  test("reports its resources, without components and providers", async () => {
    const events: ResourceEvent[] = [];
    await run(
      `new libvirt.Provider("host", { uri: "test:///nowhere" });
      local("step", "true", { parent: new pulumi.ComponentResource("swarm:test:Empty", "x") });`,
      { onResource: (event) => events.push(event) },
    );
    const step = { type: "command:local:Command", name: "step" };
    expect(events).toEqual([
      { ...step, phase: "start" },
      { ...step, phase: "done", seconds: expect.any(Number) },
    ]);
  });

  test("says what the engine does not do", async () => {
    await run("return {};");
    expect(process.stderr.write).toHaveBeenCalledWith(
      "rehearsal engine: creates for real; has no update, replace or delete\n",
    );
  });
});

describe("a program that fails", () => {
  test("names the resource and repeats the tool's words; dependents never start", async () => {
    const events: ResourceEvent[] = [];
    const failed = run(
      `const bad = local("bad", "echo no such disk >&2; exit 4");
      local("after", "echo after >> log", { dependsOn: [bad] });
      local("with", bad.stdout);
      return { out: bad.stdout };`,
      { onResource: (event) => events.push(event) },
    );
    await expect(failed).rejects.toThrow(
      'command:local:Command "bad": the command ended with 4: no such disk',
    );
    expect(events.map(({ name, phase }) => `${name} ${phase}`)).toEqual([
      "bad start",
      "bad failed",
    ]);
  });

  test("ends what is in flight, and is over only then", async () => {
    const slow = 'local("slow", "exec sleep 30");';
    const phases: string[] = [];
    const onResource = ({ name, phase }: ResourceEvent) => phases.push(`${name} ${phase}`);
    await expect(run(`${slow} local("bad", "exit 1");`, { onResource })).rejects.toThrow('"bad"');
    expect(phases).toEqual(expect.arrayContaining(["bad failed", "slow failed"]));
  });

  test.each([
    ["throws", 'local("idle", "sleep 30"); throw new Error("bad config");', "bad config"],
    [
      "uses an unknown resource type",
      'new pulumi.CustomResource("aws:ec2/instance:Instance", "vm", {});',
      'aws:ec2/instance:Instance "vm": the rehearsal engine does not know this resource type',
    ],
    [
      "calls a function",
      'return { out: await pulumi.runtime.invoke("aws:index/getAmi:getAmi", {}) };',
      "the rehearsal engine cannot call aws:index/getAmi:getAmi",
    ],
    [
      "reads what exists already",
      'tls.PrivateKey.get("old", "some-id");',
      'PrivateKey "old": the rehearsal engine cannot read or import',
    ],
    [
      "uses a property that its executor does not know",
      'new tls.PrivateKey("key", { algorithm: "ED25519", rsaBits: 4096 });',
      /PrivateKey "key": .*cannot honour.*rsaBits/,
    ],
    [
      "exceeds a resource's own bound",
      'local("slow", "exec sleep 30", { customTimeouts: { create: "1s" } });',
      'command:local:Command "slow": not done within 1s',
    ],
    [
      "has a bound that cannot be read",
      'local("step", "true", { customTimeouts: { create: "soon" } });',
      'cannot read "soon"',
    ],
  ])("when it %s", async (_what, body, message) => {
    await expect(run(body)).rejects.toThrow(message);
  });

  test("when it exports no function", async () => {
    writeFileSync(path.join(folder, "index.js"), "module.exports = {};\n");
    const failed = rehearse({ projectDir: folder, stack: "dev", config: {} });
    await expect(failed).rejects.toThrow("exports no function");
  });

  test("when it is stopped from outside", async () => {
    const stop = new AbortController();
    const onResource = () => stop.abort(new Error("Ctrl-C"));
    await expect(
      run('local("slow", "exec sleep 30");', { signal: stop.signal, onResource }),
    ).rejects.toThrow("Ctrl-C");
    await expect(run('local("never", "touch log");', { signal: stop.signal })).rejects.toThrow();
    expect(existsSync(path.join(folder, "log"))).toBe(false);
  });

  test("does not spoil the next run", async () => {
    await expect(run('local("bad", "exit 1");')).rejects.toThrow();
    await expect(run('return { out: local("good", "echo fine").stdout };')).resolves.toMatchObject({
      outputs: { out: "fine" },
    });
  });
});

describe("libvirt, through a virsh that takes notes", () => {
  const PATH = process.env.PATH;

  beforeEach(() => {
    const file = path.join(folder, "virsh");
    writeFileSync(
      file,
      `#!/bin/sh
echo "$*" >> ${folder}/log
for last; do :; done
case "$*" in
  *define*|*vol-create*) cat "$last" >> ${folder}/xml ;;
  *uuid*) echo "uuid-of-$last" ;;
  *vol-path*) echo "/pool/$last" ;;
  *start*broken) echo "error: Failed to start domain" >&2; exit 1 ;;
esac
`,
    );
    chmodSync(file, 0o755);
    process.env.PATH = `${folder}:${PATH}`;
  });

  afterEach(() => {
    process.env.PATH = PATH;
  });

  const provider =
    'const opts = { provider: new libvirt.Provider("host", { uri: "test:///nowhere" }) };';
  const calls = () => lines().map((line) => line.replace(/\/\S+\/definition\.xml/, "FILE"));

  test("makes and starts each resource in the provider's steps", async () => {
    writeFileSync(path.join(folder, "image"), "12345");
    const { outputs } = await run(`${provider}
      const net = new libvirt.Network("n", { name: "nat", autostart: true }, opts);
      const pool = new libvirt.Pool("p", { name: "dev", type: "dir" }, { ...opts, dependsOn: net });
      const disk = new libvirt.Volume("v", {
        name: "base",
        pool: pool.name,
        create: { content: { url: "file://${folder}/image" } },
      }, { ...opts, dependsOn: pool });
      const vm = new libvirt.Domain("d", {
        name: "mg0", type: "qemu", running: true, autostart: true,
      }, { ...opts, dependsOn: disk });
      return { net: net.uuid, disk: disk.path, vm: vm.uuid, id: vm.id };`);
    expect(outputs).toEqual({
      net: "uuid-of-nat",
      disk: "/pool/base",
      vm: "uuid-of-mg0",
      id: "uuid-of-mg0",
    });
    const virsh = "--quiet --connect test:///nowhere";
    expect(calls()).toEqual([
      `${virsh} net-define FILE`,
      `${virsh} net-autostart nat`,
      `${virsh} net-start nat`,
      `${virsh} net-uuid nat`,
      `${virsh} pool-define FILE`,
      `${virsh} pool-build dev`,
      `${virsh} pool-autostart dev`,
      `${virsh} pool-start dev`,
      `${virsh} pool-uuid dev`,
      `${virsh} vol-create dev FILE`,
      `${virsh} vol-upload --pool dev base ${folder}/image`,
      `${virsh} vol-path --pool dev base`,
      `${virsh} define FILE`,
      `${virsh} autostart mg0`,
      `${virsh} start mg0`,
      `${virsh} domuuid mg0`,
    ]);
    expect(readFileSync(path.join(folder, "xml"), "utf8")).toContain("<capacity>5</capacity>");
  });

  test("repeats virsh's words", async () => {
    const failed = run(`${provider}
      new libvirt.Domain("d", { name: "broken", type: "qemu", running: true }, opts);`);
    await expect(failed).rejects.toThrow(
      'libvirt:index/domain:Domain "d": virsh start: error: Failed to start domain',
    );
  });

  test("refuses to guess which libvirtd is meant", async () => {
    await expect(run('new libvirt.Network("n", { name: "nat" });')).rejects.toThrow(
      'Network "n": needs an explicit libvirt provider with a uri',
    );
  });

  test("refuses to download a volume's content", async () => {
    const failed = run(`${provider}
      const create = { content: { url: "https://example.org/image" } };
      new libvirt.Volume("v", { name: "v", pool: "p", create }, opts);`);
    await expect(failed).rejects.toThrow("reads local files only");
  });
});

test("a Docker program: certificates, a secret's data, and providers of the same name", async () => {
  const posted = { status: 201, body: { ID: "new-id" } };
  const api = await dockerApi(path.join(folder, "docker.sock"), () => posted);
  try {
    const { outputs, secretOutputs } = await run(`
      new libvirt.Provider("host", { uri: "test:///nowhere" });
      const provider = new docker.Provider("host", { host: "${api.host}" });
      const key = new tls.PrivateKey("ca", { algorithm: "ECDSA", ecdsaCurve: "P256" });
      const ca = new tls.SelfSignedCert("ca", {
        privateKeyPem: key.privateKeyPem,
        subject: { commonName: "CA" },
        isCaCertificate: true,
        validityPeriodHours: 1,
        allowedUses: ["cert_signing"],
      });
      const data = key.privateKeyPem.apply((pem) => Buffer.from(pem).toString("base64"));
      const parent = new pulumi.ComponentResource("swarm:test:Group", "group", {}, {
        providers: [provider],
      });
      const secret = new docker.Secret("key", { name: "key", data }, { parent });
      return { ca: ca.certPem, id: secret.id, data: secret.data, key: ca.privateKeyPem };`);
    expect(outputs).toMatchObject({
      ca: expect.stringMatching(/^-----BEGIN CERTIFICATE-----\n/),
      id: "new-id",
    });
    expect(secretOutputs.sort()).toEqual(["data", "key"]);
    expect(api.calls).toMatchObject([
      { request: "POST /secrets/create", body: { Name: "key", Data: outputs.data } },
    ]);
  } finally {
    await api.close();
  }
});

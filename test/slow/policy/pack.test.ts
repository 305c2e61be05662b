/** The policy pack as the Pulumi CLI runs it: a process that is asked over gRPC. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { credentials, type ServiceError } from "@grpc/grpc-js";
import { runtime } from "@pulumi/pulumi";
import * as rpc from "@pulumi/pulumi/proto/analyzer_grpc_pb";
import * as proto from "@pulumi/pulumi/proto/analyzer_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { Struct, type JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb";
import { resourceRules, stackRules } from "../../../policy/rules";

const folder = join(__dirname, "../../../policy");
const runner = require.resolve("@pulumi/pulumi/cmd/run-policy-pack");

let pack: ChildProcess;
let client: rpc.AnalyzerClient;

jest.setTimeout(30_000); // enough for a machine that does other things too

beforeAll(async () => {
  pack = spawn(process.execPath, [runner, "127.0.0.1:0", folder], {
    cwd: folder,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [port] = (await once(pack.stdout!, "data")) as [Buffer];
  client = new rpc.AnalyzerClient(
    `127.0.0.1:${port.toString().trim()}`,
    credentials.createInsecure(),
  );
});
afterAll(async () => {
  client?.close();
  pack.kill();
  await once(pack, "exit");
});

/** Waits for an answer. */
function ask<T>(call: (done: (error: ServiceError | null, answer: T) => void) => void) {
  return new Promise<T>((resolve, reject) =>
    call((error, answer) => (error ? reject(error) : resolve(answer))),
  );
}

const struct = (props: object) => Struct.fromJavaScript(props as Record<string, JavaScriptValue>);
/** A secret on its way to the pack. */
const secret = (value: unknown) => ({ [runtime.specialSigKey]: runtime.specialSecretSig, value });

/** What the pack has against a resource, asked in the engine's order. */
async function analyze(type: string, name: string, props: object): Promise<string[]> {
  const request = new proto.AnalyzeRequest();
  request.setType(type);
  request.setName(name);
  request.setUrn(`urn:pulumi:dev::pulumi-swarm::${type}::${name}`);
  request.setProperties(struct(props));
  request.setOptions(new proto.AnalyzerResourceOptions());
  const changes = await ask<proto.RemediateResponse>((done) => client.remediate(request, done));
  expect(changes.getRemediationsList()).toEqual([]);
  const answer = await ask<proto.AnalyzeResponse>((done) => client.analyze(request, done));
  return answer.getDiagnosticsList().map(line);
}

const line = (diagnostic: proto.AnalyzeDiagnostic) =>
  `${diagnostic.getPolicyname()}: ${diagnostic.getMessage().split("\n")[1]}`;

test("it has every rule, and its level", async () => {
  const info = await ask<proto.AnalyzerInfo>((done) => client.getAnalyzerInfo(new Empty(), done));
  expect(info.getName()).toBe("pulumi-swarm");
  const levels = info
    .getPoliciesList()
    .map((policy) => [policy.getName(), policy.getEnforcementlevel()]);
  const number = { advisory: 0, mandatory: 1, disabled: 2 };
  expect(levels).toEqual([
    ["secret-marks", proto.EnforcementLevel.REMEDIATE],
    ...[...resourceRules, ...stackRules].map(({ name, level }) => [name, number[level]]),
  ]);
});

test("it tells what is marked secret from what is not", async () => {
  const join = (stdin: unknown) =>
    analyze("command:remote:Command", "swarm-mg1-join", {
      stdin,
      connection: secret({ privateKey: "-----BEGIN OPENSSH PRIVATE KEY-----" }),
    });
  expect(await join(secret("JOIN_TOKEN=SWMTKN-1-x"))).toEqual([]);
  expect(await join("JOIN_TOKEN=SWMTKN-1-x")).toEqual([
    expect.stringMatching(/^secrets-marked-secret: swarm-mg1-join: stdin is a join token/),
  ]);
});

const resource = (type: string, name: string, props: object) => {
  const one = new proto.AnalyzerResource();
  one.setType(type);
  one.setName(name);
  one.setUrn(`urn:pulumi:dev::pulumi-swarm::${type}::${name}`);
  one.setProperties(struct(props));
  one.setOptions(new proto.AnalyzerResourceOptions());
  return one;
};

/** What the pack has against a whole stack. */
async function analyzeStack(...resources: proto.AnalyzerResource[]) {
  const request = new proto.AnalyzeStackRequest();
  request.setResourcesList(resources);
  const answer = await ask<proto.AnalyzeResponse>((done) => client.analyzeStack(request, done));
  return answer.getDiagnosticsList();
}

/** Outputs that say nothing wrong. */
const GOOD = {
  ...{ engines: {}, firewall: {}, services: [], composePlan: [] },
  ...{ adminPorts: { ports: [], from: [] }, overlayAddressPool: "10.0.0.0/8", gwbridge: {} },
};

test("it has nothing against what a preview cannot know", async () => {
  const props = { host: runtime.unknownValue, caMaterial: runtime.unknownValue };
  const outputs = Object.fromEntries(Object.keys(GOOD).map((name) => [name, runtime.unknownValue]));
  expect(
    await analyzeStack(
      resource("pulumi:pulumi:Stack", "dev", {
        ...outputs,
        nodes: [{ name: "mg0", role: "manager" }],
      }),
      resource("swarm:ec2:Ec2Machine", "mg0", {}),
      resource("command:local:Command", "swarm-mg0-member", { delete: runtime.unknownValue }),
      resource("pulumi:providers:docker", "swarm-provider", props),
    ),
  ).toEqual([]);
});

test("it looks at a stack as a whole", async () => {
  const member = { delete: "on-manager ... leave" };
  const found = await analyzeStack(
    resource("pulumi:pulumi:Stack", "dev", {
      ...GOOD,
      firewall: { mg0: [{ protocol: "tcp", ports: [2377], from: ["0.0.0.0/0"] }], mg1: [] },
      services: [{ name: "web", image: "nginx:latest", publish: [] }],
      nodes: [
        { name: "mg0", role: "manager", id: runtime.unknownValue },
        { name: "mg1", role: "manager", id: runtime.unknownValue },
      ],
    }),
    resource("swarm:kvm:KvmMachine", "mg0", { identity: runtime.unknownValue }),
    resource("command:local:Command", "swarm-mg0-member", member),
    resource("command:local:Command", "swarm-mg1-member", {}),
  );
  expect(found.map(line)).toEqual([
    // A service is no resource, and has its name said all the same.
    expect.stringMatching(/^pinned-images: web: image "nginx:latest" has no fixed version/),
    "odd-managers: 2 managers is an even number; write 1 or 3",
    expect.stringMatching(/^graceful-exit: swarm-mg1-member: delete is not set/),
    expect.stringMatching(/^no-open-world: mg0: lets "0.0.0.0\/0" in to 2377\/tcp/),
  ]);
  expect(found[2]!.getUrn()).toMatch(/::swarm-mg1-member$/);
});

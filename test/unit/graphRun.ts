/**
 * Runs the whole program without an engine (harness.ts), for tests of what it registers and of what
 * a change of the config changes.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import program from "../../index";
import { fingerprint } from "../../components/machine/fingerprint";
import { readStackConfig } from "../../stacks/stackFile";
import { FailedRun, run, type Registration, type Run, type RunOptions } from "./harness";

const PROJECT = join(__dirname, "../..");
/** Types of this project's own components. */
export const COMPONENT = /^swarm:/;
/** How a qcow2 image begins. */
export const QCOW2 = Buffer.from("QFI\xfb", "latin1");
/** A compose file as the config names it: a path from the project's folder. */
export const COMPOSE_FILE = "test/fixtures/compose.yaml";
/** Config of a swarm of one node, without a machine beside it. */
export const SMALL = { managers: "1", workers: "0", storage: "none" };

/** A folder for what the program writes, and for an image that is there on every machine. */
export const folder = mkdtempSync(join(os.tmpdir(), "graph-test-"));
const image = join(folder, "image.qcow2");

/** Has the tests of a file write to that folder, and takes it away after them. */
export function useFolder(): void {
  beforeAll(() => {
    jest.spyOn(os, "tmpdir").mockReturnValue(folder);
    jest.spyOn(process, "cwd").mockReturnValue(folder);
    writeFileSync(image, QCOW2);
  });
  afterAll(() => rmSync(folder, { recursive: true }));
}

const runs = new Map<string, Promise<Run>>();

/**
 * Runs the program with the config of the stack `dev`, and changes to it. The same run is made once for
 * all tests of a file: they only read it.
 */
export async function up(
  config: Record<string, string> = {},
  options: RunOptions = {},
): Promise<Run> {
  // A function has no text to know it by.
  if (options.outputs || options.calls) return upAnew(config, options);
  const key = JSON.stringify([config, options]);
  const made = runs.get(key) ?? upAnew(config, options);
  runs.set(key, made);
  return made;
}

/** The same as a run of its own, where it depends on more than the config. */
export async function upAnew(
  config: Record<string, string> = {},
  options: RunOptions = {},
): Promise<Run> {
  return run(program, {
    config: { ...readStackConfig(PROJECT, "dev"), domainType: "qemu", image, ...config },
    outputs,
    ...options,
  });
}

/** The same for a config that the program refuses. */
export const refused = (config: Record<string, string>) => refusal(upAnew(config));

export async function refusal(run: Promise<Run>): Promise<FailedRun> {
  const error = await run.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(FailedRun);
  return error as FailedRun;
}

/** What the providers would answer, so that what depends on it is there too. */
export function outputs(type: string, name: string, inputs: unknown): Record<string, unknown> {
  switch (type) {
    case "tls:index/privateKey:PrivateKey":
      return {
        publicKeyOpenssh: `ssh-ed25519 AAAA${name}\n`,
        privateKeyOpenssh: `-----BEGIN OPENSSH PRIVATE KEY-----\n${name}\n`,
        privateKeyPem: `-----BEGIN EC PRIVATE KEY-----\n${name}\n`,
      };
    case "tls:index/certRequest:CertRequest":
      return { certRequestPem: `request ${name} ${fingerprint(inputs)}\n` };
    case "tls:index/selfSignedCert:SelfSignedCert":
    case "tls:index/locallySignedCert:LocallySignedCert":
      return { certPem: `certificate ${name} ${fingerprint(inputs)}\n` };
    case "random:index/randomPassword:RandomPassword":
      return { result: "open sesame", bcryptHash: "$2a$10$sesame" };
    case "libvirt:index/volume:Volume":
      return { path: `/pool/${(inputs as { name: string }).name}` };
    case "libvirt:index/network:Network":
    case "libvirt:index/domain:Domain":
      return { uuid: `uuid-${name}` };
    case "docker:index/remoteImage:RemoteImage":
      return { repoDigest: `${(inputs as { name: string }).name}@sha256:${fingerprint(inputs)}` };
    case "command:remote:Command":
    case "command:local:Command":
      return { stdout: stdoutOf(name, inputs as { create: string }) };
    default:
      return {};
  }
}

function stdoutOf(name: string, { create }: { create: string }): string {
  if (name.endsWith("-image")) return `image@sha256:${fingerprint(create)}`;
  if (name === "swarm-tokens") return '{"manager":"SWMTKN-1-manager","worker":"SWMTKN-1-worker"}';
  if (name === "swarm-autolock") return "SWMKEY-1-key";
  // Two nodes on which something waits for a restart.
  if (name === "swarm-worker1-ready") return "26.1.5\nstaged 1764000001";
  if (name === "swarm-mg1-api") return "staged 1764000002";
  if (name === "swarm-init") return "cluster1";
  if (name === "swarm-ingress-attached") return "swarm-ingress-network-id";
  if (name === "services-compose-deploy") return "compose_other\ncompose_web\n";
  const [, node] = /^swarm-(.*)-(?:join|member)$/.exec(name) ?? [];
  return node ? `id-${node}` : "";
}

/** Type, name and parent of a resource: what the engine knows it by. */
export const key = ({ type, name, parent }: Registration) => `${type} ${name} ${parent ?? "-"}`;
export const keys = ({ resources }: Run) => resources.map(key).sort();

/** What runs a command on a manager: `any`, or `without-mg0` and the like. */
export const onManager = (which: string, command: string) =>
  `bash -s -- 300 .cache/ssh/dev/config swarm-${which} '${command}'`;

/** The one resource of that name. */
export function resource({ resources }: Run, name: string): Registration {
  const found = resources.filter((candidate) => candidate.name === name);
  expect(found).toHaveLength(1);
  return found[0]!;
}

/** Names of the resources whose inputs differ between two runs, and that the engine would touch. */
export function changed(before: Run, after: Run): string[] {
  const inputs = new Map(before.resources.map((one) => [key(one), watchedInputs(one)]));
  return after.resources
    .filter((one) => inputs.has(key(one)) && inputs.get(key(one)) !== watchedInputs(one))
    .map(({ name }) => name)
    .sort();
}

function watchedInputs({ inputs, opts }: Registration): string {
  const ignored = Object.fromEntries((opts.ignoreChanges ?? []).map((name) => [name, undefined]));
  return JSON.stringify([{ ...inputs, ...ignored }, opts.replacementTrigger]);
}

/**
 * The two engines that can run the program in the lab: Pulumi's own, where its CLI and plugins are
 * installed, and the rehearsal engine everywhere else. The program and the checks are the same.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import {
  LocalWorkspace,
  type EngineEvent,
  type OutputMap,
  type Stack,
} from "@pulumi/pulumi/automation";
import { parse, stringify } from "yaml";
import { dependencies, devDependencies, name as projectName } from "../package.json";
import { pulumi as libvirt } from "../sdks/libvirt/package.json";
import type { StackOutputs } from "../stacks/outputs";
import { rehearse, type ResourceEvent } from "./rehearsal";

export type EngineName = "pulumi" | "rehearsal";

export interface EngineOptions {
  projectDir: string;
  stack: string;
  /** Every key without its namespace, defaults included. */
  config: Record<string, string>;
  /** Folder for state and generated files. It goes with the lab. */
  dir: string;
  onResource?: (event: ResourceEvent) => void;
  signal?: AbortSignal;
}

export interface Engine {
  readonly name: EngineName;
  /** Brings the stack up and returns its outputs, secrets included. */
  up(options: EngineOptions): Promise<StackOutputs>;
}

/** The plugins of this project, and the provider behind one of them, in Pulumi's folder. */
const PLUGINS = [
  `plugins/resource-${libvirt.name}-v${libvirt.version}`,
  `plugins/resource-command-v${dependencies["@pulumi/command"]}`,
  `plugins/resource-tls-v${dependencies["@pulumi/tls"]}`,
  `plugins/resource-docker-v${dependencies["@pulumi/docker"]}`,
  `plugins/resource-random-v${dependencies["@pulumi/random"]}`,
  `dynamic_tf_plugins/registry.opentofu.org/dmacvicar/libvirt/${libvirt.parameterization.version}`,
];

/**
 * Why Pulumi's own engine cannot be used here, or undefined when it can. The lab has no way out, so
 * everything has to be installed already.
 */
export function whyNoPulumi(): string | undefined {
  const home = process.env.PULUMI_HOME ?? join(homedir(), ".pulumi");
  const needed = [
    join(home, "versions", devDependencies.pulumi, "bin", "pulumi"),
    ...PLUGINS.map((plugin) => join(home, plugin)),
  ];
  const missing = needed.filter((path) => !existsSync(path));
  if (missing.length === 0) return undefined;
  return `not installed: ${missing.join(", ")} (a first \`npx pulumi preview\` with a network installs them)`;
}

/** Pulumi's engine when it is there; `LAB_ENGINE=pulumi|rehearsal` chooses by hand. */
export function chooseEngine(): Engine {
  const wanted = process.env.LAB_ENGINE;
  const missing = whyNoPulumi();
  if (wanted === "pulumi" && missing) throw new Error(`LAB_ENGINE=pulumi: ${missing}`);
  if (wanted !== "rehearsal" && !missing) return pulumiEngine;
  return {
    name: "rehearsal",
    up: async (options) => (await rehearse(options)).outputs as unknown as StackOutputs,
  };
}

const pulumiEngine: Engine = {
  name: "pulumi",
  async up(options) {
    const stack = await openStack(options);
    const { outputs } = await stack.up(runOptions(options));
    return plainOutputs(outputs);
  },
};

/** What an `up` tells as plain values, secrets included. */
export function plainOutputs(outputs: OutputMap): StackOutputs {
  const plain = Object.entries(outputs).map(([key, { value }]) => [key, value]);
  return Object.fromEntries(plain) as StackOutputs;
}

/**
 * The stack with a project file, configuration and state of its own below `dir`, which run the
 * program where it is: nothing of the project's own is touched.
 */
export async function openStack(options: EngineOptions): Promise<Stack> {
  const state = join(options.dir, "state");
  mkdirSync(state, { recursive: true });
  const project = parse(readFileSync(join(options.projectDir, "Pulumi.yaml"), "utf8"));
  writeFileSync(
    join(options.dir, "Pulumi.yaml"),
    stringify({ ...project, main: options.projectDir }),
  );
  return LocalWorkspace.createOrSelectStack(
    { stackName: options.stack, workDir: options.dir },
    {
      envVars: {
        PULUMI_BACKEND_URL: `file://${state}`,
        PULUMI_CONFIG_PASSPHRASE: "lab",
        PULUMI_SKIP_UPDATE_CHECK: "true",
        PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
      },
    },
  );
}

/** File below `dir` with everything that Pulumi's console output would show. */
export const CONSOLE_LOG = "console.log";

/**
 * What every operation on the stack of `openStack` takes: the configuration, written as a stack
 * file of its own; reports of resources; the console output kept in a file.
 */
export function runOptions(options: EngineOptions) {
  return {
    configFile: writeConfig(options),
    suppressProgress: true,
    onOutput: (text: string) => appendFileSync(join(options.dir, CONSOLE_LOG), text),
    ...(options.onResource ? { onEvent: reportTo(options.onResource) } : {}),
    ...(options.signal ? { signal: options.signal } : {}),
  };
}

function writeConfig(options: EngineOptions): string {
  const path = join(options.dir, "config.yaml");
  const config = Object.fromEntries(
    Object.entries(options.config).map(([key, value]) => [`${projectName}:${key}`, value]),
  );
  writeFileSync(path, stringify({ config }));
  return path;
}

function reportTo(onResource: (event: ResourceEvent) => void): (event: EngineEvent) => void {
  const started = new Map<string, number>();
  return ({ resourcePreEvent, resOutputsEvent, resOpFailedEvent }) => {
    const event = resourcePreEvent ?? resOutputsEvent ?? resOpFailedEvent;
    if (!event || event.metadata.op === "same") return;
    const { urn, type } = event.metadata;
    const name = urn.slice(urn.lastIndexOf("::") + 2);
    if (resourcePreEvent) {
      started.set(urn, performance.now());
      onResource({ type, name, phase: "start" });
      return;
    }
    const seconds = (performance.now() - (started.get(urn) ?? performance.now())) / 1000;
    onResource({ type, name, phase: resOpFailedEvent ? "failed" : "done", seconds });
  };
}

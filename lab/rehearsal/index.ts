/**
 * The rehearsal engine runs this project's own Pulumi program without the Pulumi CLI, its plugins
 * or a state: the SDK's mock monitor takes the registrations, and an executor per resource type
 * does the real thing through ordinary tools (virsh, SSH, the Docker API). Order, parallelism,
 * `dependsOn`, outputs and secrets are the SDK's own. What needs a state does not exist here:
 * update, replace, delete, refresh, preview.
 */
import { createRequire } from "node:module";
import path from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import * as pulumi from "@pulumi/pulumi";
import { setMocks } from "./mocks";
import { Creator, type CreatorOptions, type ResourceEvent } from "./creator";
import type { Call } from "./executor";

export type { ResourceEvent };

/** The project's name, which is also the namespace of its configuration. */
const PROJECT = "pulumi-swarm";

export interface RehearsalOptions extends CreatorOptions {
  /** The Pulumi project; its main module exports one function that returns the outputs. */
  projectDir: string;
  stack: string;
  /** Every key without its namespace, defaults included: nobody reads Pulumi.yaml here. */
  config: Record<string, string>;
  /** Called as resources come into being; components and providers are not reported. */
  onResource?: (event: ResourceEvent) => void;
  /** Functions of providers that the program may call, by token. Default: none. */
  calls?: Record<string, Call>;
  /** Stops the run: what is in flight is ended, and `rehearse` rejects with the reason. */
  signal?: AbortSignal;
}

export interface Rehearsal {
  /** The stack's outputs as plain values, secrets included. */
  outputs: Record<string, unknown>;
  /** Names of the outputs that are, or contain, a secret. */
  secretOutputs: string[];
  /** Number of resources made, without components and providers. */
  resources: number;
}

/** Ends the run with an error. What awaits the result never goes on. */
type GiveUp = (error: unknown) => Promise<never>;

/**
 * Runs the program once. On the first failure nothing new is started, what is in flight is ended,
 * and the promise rejects with the resource's type and name and what its tool said. What was made
 * stays: throw the lab away. One run at a time, since the SDK keeps its settings per process.
 */
export async function rehearse(options: RehearsalOptions): Promise<Rehearsal> {
  process.stderr.write("rehearsal engine: creates for real; has no update, replace or delete\n");
  const stop = new AbortController();
  const stopped = new Promise<never>((_, reject) =>
    stop.signal.addEventListener("abort", () => reject(stop.signal.reason)),
  );
  // A registration that fails makes the SDK reject dozens of promises that nobody handles. One
  // that never resolves makes it do nothing at all, and nothing that depends on it ever starts.
  const giveUp: GiveUp = (error) => {
    stop.abort(error);
    return new Promise(() => undefined);
  };
  const stopFromOutside = () => giveUp(options.signal?.reason);
  const creator = new Creator(options, stop.signal);
  const started: Promise<unknown>[] = [];

  const newResource = (args: pulumi.runtime.MockResourceArgs) => {
    if (stop.signal.aborted) {
      return giveUp(stop.signal.reason);
    }
    const created = creator.create(args);
    started.push(created);
    return created.catch(giveUp);
  };
  const call = async ({ token, inputs }: pulumi.runtime.MockCallArgs) => {
    const answer = options.calls?.[token];
    if (answer) return answer(inputs).catch(giveUp);
    return giveUp(new Error(`the rehearsal engine cannot call ${token}`));
  };

  await setMocks({ newResource, call }, PROJECT, options.stack, false);
  pulumi.runtime.setAllConfig(
    Object.fromEntries(
      Object.entries(options.config).map(([key, value]) => [`${PROJECT}:${key}`, value]),
    ),
  );
  // Only the program's own code still leaves rejections behind, for example in an `apply`.
  process.on("unhandledRejection", giveUp);
  options.signal?.addEventListener("abort", stopFromOutside);
  try {
    if (options.signal?.aborted) {
      void stopFromOutside();
    }
    return await Promise.race([runProgram(options.projectDir, creator, giveUp), stopped]);
  } catch (error) {
    stop.abort(error);
    await Promise.allSettled(started);
    await nextTurn(); // one failed `apply` rejects several promises
    throw error;
  } finally {
    options.signal?.removeEventListener("abort", stopFromOutside);
    process.off("unhandledRejection", giveUp);
    // Forgets the registrations that will never finish: the SDK would report them on exit.
    pulumi.runtime.resetOptions(PROJECT, options.stack, -1, "", "", false, "");
  }
}

/** The program inside a root stack resource, as the CLI's language host runs it. */
async function runProgram(
  projectDir: string,
  creator: Creator,
  giveUp: GiveUp,
): Promise<Rehearsal> {
  let returned: Record<string, unknown> = {};
  const outputs = await pulumi.runtime.runInPulumiStack(async () => {
    pulumi.runtime.registerStackTransformation((args) => creator.rememberOptions(args));
    try {
      returned = (await load(projectDir)()) ?? {};
      return returned;
    } catch (error) {
      return giveUp(error);
    }
  });
  await pulumi.runtime.disconnect(); // waits for every registration
  const secretOutputs: string[] = [];
  for (const [name, value] of Object.entries(returned)) {
    if (await pulumi.isSecret(pulumi.output(value))) {
      secretOutputs.push(name);
    }
  }
  return { outputs: outputs ?? {}, secretOutputs, resources: creator.resources };
}

function load(projectDir: string): () => Promise<Record<string, unknown> | undefined> {
  const program: unknown = createRequire(__filename)(path.resolve(projectDir));
  if (typeof program !== "function") {
    throw new Error(`${projectDir} exports no function; write export = async () => ({ outputs })`);
  }
  return program as () => Promise<Record<string, unknown> | undefined>;
}

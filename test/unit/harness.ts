/**
 * Runs a Pulumi program, or a part of one, with the SDK's mocks, and notes what it registers:
 * nothing here talks to an engine, a provider or a machine.
 */
import * as pulumi from "@pulumi/pulumi";
import { setMocks } from "../../lab/rehearsal/mocks";

const PROJECT = "pulumi-swarm";
const STACK_TYPE = "pulumi:pulumi:Stack";
/** What stands in `Registration.shown` for a secret. */
const HIDDEN = "[secret]";

/**
 * The SDK takes a stack trace for every promise and resource that it makes, and makes text of it,
 * for which jest maps each line back to TypeScript. That takes longer than the program, and nobody
 * reads it. An error that is thrown has its three lines: text is made of them later.
 */
async function withoutTraces(work: () => Promise<void>): Promise<void> {
  const { prepareStackTrace, stackTraceLimit } = Error;
  Object.assign(Error, { prepareStackTrace: String, stackTraceLimit: 3 });
  try {
    await work();
  } finally {
    Object.assign(Error, { prepareStackTrace, stackTraceLimit });
  }
}

/** One resource as the program registered it. */
export interface Registration {
  type: string;
  name: string;
  /** Name of the parent; undefined for a resource right under the stack. */
  parent: string | undefined;
  /** The explicit provider that it uses, by name; undefined for the default one. */
  provider: string | undefined;
  /** Inputs as the provider gets them, secrets in plain text. Unknown ones are undefined. */
  inputs: Record<string, unknown>;
  /** The same inputs with a mark in the place of every secret: what is visible in the state. */
  shown: Record<string, unknown>;
  opts: pulumi.CustomResourceOptions;
  /** The resources that it waits for by its `dependsOn`, by name. */
  dependsOn: (string | undefined)[];
}

export interface Run {
  resources: Registration[];
  /** What the program returned, outputs unresolved. */
  outputs: Record<string, unknown>;
}

export interface RunOptions {
  stack?: string;
  /** Config keys without their namespace, as text. */
  config?: Record<string, string>;
  /** Runs it as a preview: what `outputs` gives is left out, so that it is unknown. */
  preview?: boolean;
  /** What a provider adds to the inputs of a resource. Default: nothing. */
  outputs?: (type: string, name: string, inputs: unknown) => Record<string, unknown>;
  /** What a provider answers to a call of a function. Default: none is expected. */
  calls?: (token: string, inputs: Record<string, unknown>) => Record<string, unknown>;
}

function unexpected(token: string): never {
  throw new Error(`unexpected call of ${token}`);
}

/** Runs one program after another only: the SDK keeps its settings per process. */
export async function run(
  program: () => Promise<Record<string, unknown> | void>,
  {
    stack = "dev",
    config = {},
    preview = false,
    outputs = () => ({}),
    calls = unexpected,
  }: RunOptions = {},
): Promise<Run> {
  const sent: pulumi.runtime.MockResourceArgs[] = [];
  const options = new Map<string, pulumi.CustomResourceOptions>();

  await setMocks(
    {
      newResource: (args) => {
        const { type, name, inputs } = args;
        if (type !== STACK_TYPE) sent.push(args);
        if (preview) return { id: "", state: inputs };
        const state: Record<string, unknown> = { ...inputs, ...outputs(type, name, inputs) };
        // The engine marks these; the mocks do not.
        for (const key of options.get(`${type} ${name}`)?.additionalSecretOutputs ?? []) {
          if (key in state) state[key] = pulumi.secret(state[key]);
        }
        return { id: `${name}-id`, state };
      },
      call: ({ token, inputs }) => calls(token, inputs),
    },
    PROJECT,
    stack,
    preview,
  );
  pulumi.runtime.setAllConfig(
    Object.fromEntries(Object.entries(config).map(([key, value]) => [`${PROJECT}:${key}`, value])),
  );

  let returned: Record<string, unknown> = {};
  let failure: unknown;
  await withoutTraces(async () => {
    await pulumi.runtime.runInPulumiStack(async () => {
      // The mocks are not told about options; a transformation sees them.
      pulumi.runtime.registerStackTransformation(({ type, name, opts }) => {
        options.set(`${type} ${name}`, opts);
        return undefined;
      });
      try {
        returned = (await program()) ?? {};
        return returned;
      } catch (error) {
        failure = error; // thrown below: in here it would leave the stack half registered
        return {};
      }
    });
    await pulumi.runtime.disconnect(); // waits for every registration
  });
  if (failure)
    throw new FailedRun(
      failure,
      sent.map(({ name }) => name),
    );

  const resources = sent.map(({ type, name, inputs, provider }) => {
    const opts = options.get(`${type} ${name}`)!;
    const plain = unwrap(inputs, (value) => value) as Record<string, unknown>;
    const shown = unwrap(inputs, () => HIDDEN) as Record<string, unknown>;
    return {
      type,
      name,
      parent: nameOf(opts.parent),
      provider: provider?.split("::").at(-2), // a URN, which ends with the name, and an ID
      inputs: plain,
      shown,
      opts,
      dependsOn: [opts.dependsOn ?? []].flat().map((one) => nameOf(one as pulumi.Resource)),
    };
  });
  return { resources, outputs: returned };
}

/** What a program threw, and the names of the resources that it had registered by then. */
export class FailedRun extends Error {
  constructor(
    override readonly cause: unknown,
    readonly registered: string[],
  ) {
    super((cause as Error).message);
  }
}

/** All that a resource waits for by `dependsOn`: its own, its components', and those of what it waits for. */
export function waitsFor({ resources }: Run, name: string): string[] {
  const byName = new Map(resources.map((one) => [one.name, one]));
  const found = new Set<string>();
  const visit = (one: Registration | undefined): void => {
    if (!one) return;
    visit(byName.get(one.parent ?? ""));
    for (const next of one.dependsOn) {
      if (next === undefined || found.has(next)) continue;
      found.add(next);
      visit(byName.get(next));
    }
  };
  visit(byName.get(name));
  return [...found];
}

/** The value of an output, and whether it is a secret. */
export async function resolve(value: unknown): Promise<{ value: unknown; secret: boolean }> {
  const output: pulumi.Output<unknown> = pulumi.output(value as object);
  const [resolved, secret] = await Promise.all([
    new Promise((done) => output.apply(done)),
    pulumi.isSecret(output),
  ]);
  return { value: resolved, secret };
}

/** The program's outputs as the engine gets them, secrets in plain text. Unknown ones are undefined. */
export async function sentOutputs({ outputs }: Run): Promise<Record<string, unknown>> {
  const sent = await pulumi.runtime.serializeProperties("outputs", outputs);
  return unwrap(sent, (value) => value) as Record<string, unknown>;
}

function unwrap(value: unknown, secret: (inner: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => unwrap(item, secret));
  if (pulumi.isUnknown(value)) return undefined;
  if (value === null || typeof value !== "object") return value;
  if (pulumi.runtime.isRpcSecret(value)) {
    return secret(unwrap(pulumi.runtime.unwrapRpcSecret(value), secret));
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, unwrap(item, secret)]),
  );
}

/** The logical name, which the SDK keeps in every resource but does not declare. */
export function nameOf(resource: pulumi.Resource | undefined): string | undefined {
  return (resource as { __name?: string } | undefined)?.__name;
}

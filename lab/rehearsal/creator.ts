/** Answers the SDK's registrations by creating the resources for real. */
import * as pulumi from "@pulumi/pulumi";
import { command } from "./command";
import { docker } from "./docker";
import type { Executor } from "./executor";
import { libvirt } from "./libvirt";
import { random } from "./random";
import { tls } from "./tls";

const executors: Record<string, Executor> = {
  ...libvirt,
  ...tls,
  ...random,
  ...docker,
  ...command,
};

/** Bound for a resource that sets no `customTimeouts.create`. */
const CREATE_TIMEOUT = "20m";

export interface ResourceEvent {
  /** Pulumi's type token. */
  type: string;
  /** The resource's logical name. */
  name: string;
  phase: "start" | "done" | "failed";
  /** Seconds since its start; absent at the start. */
  seconds?: number;
}

export interface CreatorOptions {
  projectDir: string;
  onResource?: (event: ResourceEvent) => void;
  /** Executors of resource types that the lab has no use for. Default: none. */
  executors?: Record<string, Executor>;
}

export class Creator {
  /** Number of resources made so far, without components and providers. */
  resources = 0;
  /** Inputs of each provider, by the ID given to it here. */
  private readonly providers = new Map<string, Record<string, unknown>>();
  private readonly resourceOptions = new Map<string, pulumi.CustomResourceOptions>();

  /** `stop` ends what is in flight. */
  constructor(
    private readonly options: CreatorOptions,
    private readonly stop: AbortSignal,
  ) {}

  /** The mock monitor is not shown a resource's options; a stack transformation is. */
  rememberOptions({ type, name, opts }: pulumi.ResourceTransformationArgs): undefined {
    this.resourceOptions.set(`${type}::${name}`, opts);
  }

  async create(args: pulumi.runtime.MockResourceArgs): Promise<pulumi.runtime.MockResourceResult> {
    const { type, name } = args;
    if (!args.custom) {
      return { id: undefined, state: {} };
    }
    if (type.startsWith("pulumi:providers:")) {
      const id = `${type}/${name}`; // providers of two packages may share a name
      this.providers.set(id, unwrapSecrets(args.inputs));
      return { id, state: {} };
    }
    const started = performance.now();
    const report = (phase: "done" | "failed") => {
      const seconds = (performance.now() - started) / 1000;
      this.options.onResource?.({ type, name, phase, seconds });
    };
    this.options.onResource?.({ type, name, phase: "start" });
    try {
      const result = await this.execute(args);
      this.resources++;
      report("done");
      return result;
    } catch (error) {
      report("failed");
      throw new Error(`${type} "${name}": ${(error as Error).message}`, { cause: error });
    }
  }

  private async execute(
    args: pulumi.runtime.MockResourceArgs,
  ): Promise<pulumi.runtime.MockResourceResult> {
    const { type, name } = args;
    const executor = executors[type] ?? this.options.executors?.[type];
    if (executor === undefined) {
      throw new Error("the rehearsal engine does not know this resource type");
    }
    if (args.id) {
      throw new Error("the rehearsal engine cannot read or import what exists already");
    }
    const { customTimeouts, additionalSecretOutputs = [] } =
      this.resourceOptions.get(`${type}::${name}`) ?? {};
    const timeout = customTimeouts?.create ?? CREATE_TIMEOUT;
    // Not AbortSignal.timeout: inside AbortSignal.any, Node 20 may collect it before it fires.
    const expired = new AbortController();
    const timer = setTimeout(() => expired.abort(), milliseconds(timeout));
    try {
      const { id, ...outputs } = await executor({
        type,
        name,
        inputs: unwrapSecrets(args.inputs),
        // A provider reference is its URN, "::" and its ID.
        provider: this.providers.get(args.provider?.split("::").pop() ?? ""),
        projectDir: this.options.projectDir,
        signal: AbortSignal.any([this.stop, expired.signal]),
      });
      return { id, state: markSecrets(outputs, additionalSecretOutputs) };
    } catch (error) {
      if (expired.signal.aborted) {
        throw new Error(`not done within ${timeout}: ${(error as Error).message}`, {
          cause: error,
        });
      }
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }
}

/** The SDK lifts the mark of a secret to the top of each input. */
function unwrapSecrets(inputs: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(inputs).map(([key, value]) => [key, pulumi.runtime.unwrapRpcSecret(value)]),
  );
}

/** Does what the real engine does with `additionalSecretOutputs`. */
function markSecrets(outputs: Record<string, unknown>, names: string[]): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(outputs).map(([key, value]) => [
      key,
      names.includes(key) ? pulumi.secret(value) : value,
    ]),
  );
}

/** Of a duration in whole hours, minutes and seconds, such as `1h30m` or `900s`. */
function milliseconds(duration: string): number {
  const match = /^(?=\d)(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(duration);
  if (match === null) {
    throw new Error(`customTimeouts: cannot read "${duration}"; write it like 1h30m or 900s`);
  }
  const [hours, minutes, seconds] = match.slice(1).map((digits) => Number(digits ?? 0));
  return ((hours! * 60 + minutes!) * 60 + seconds!) * 1000;
}

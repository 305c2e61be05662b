import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { quote } from "shell-quote";
import type { Machine } from "../machine/machine";
import type { SshAccess } from "./sshAccess";

type Words = pulumi.Input<string | number>[];

const ON_MANAGER = join(__dirname, "on-manager");
/** For scripts that run here and ask a manager in turn. */
export const ON_MANAGER_TEXT = readFileSync(ON_MANAGER, "utf8");

export interface ScriptArgs {
  /** Folder in components/ and file in its `scripts/`, for example `swarm/ready`. */
  script: string;
  /**
   * Arguments when the resource is made, and again when one of its inputs changes. Without them,
   * nothing runs then.
   */
  create?: Words;
  /** Arguments when the resource goes. Without them, nothing runs then. */
  delete?: Words;
  /**
   * Shell variables for the script. They travel over stdin together with the script itself, so
   * they are never in an argument list, and secrets among them stay secret in the state.
   */
  variables?: Record<string, pulumi.Input<string>>;
  /** A change of any of these replaces the resource: its `delete` runs, then its `create`. */
  triggers?: pulumi.Input<string>[];
  /** What it prints is a secret: not shown, and encrypted in the state. */
  secretOutput?: boolean;
  /** Seconds until a step that got no answer is given up. */
  timeoutSeconds: number;
}

export interface NodeScriptArgs extends ScriptArgs {
  /** Where it runs. */
  machine: Machine;
}

/**
 * Runs one of the scripts of this project's components on a machine, as root, over SSH with a
 * checked host key. The script travels over stdin; what shows in a process list, in Pulumi's output
 * and in error messages is the short command line with its arguments, none of which is a secret.
 */
export function nodeScript(
  name: string,
  args: NodeScriptArgs,
  opts: pulumi.CustomResourceOptions,
): command.remote.Command {
  const { connection } = args.machine;
  // The private key makes the whole connection a secret; the user's name in it is none.
  const user = pulumi.unsecret(connection.user);
  return new command.remote.Command(
    name,
    {
      connection: connection.apply((connection) => ({
        ...connection,
        // Dial until the step's own bound: a machine may still be booting.
        dialErrorLimit: -1,
        perDialTimeout: 10,
      })),
      ...inputs(args, (words) => commandLine(user, words), command.remote.Logging),
    },
    options(args, opts),
  );
}

export interface ManagerScriptArgs extends ScriptArgs {
  /** How this machine's `ssh` finds a manager. */
  access: SshAccess;
  /** Any manager that can speak for the swarm (ANY_MANAGER), or any but one (anyManagerBut). */
  manager: string;
}

/**
 * The same on whichever manager can speak for the swarm when it runs, so that no step depends on one
 * manager being there. It runs again on another one when the connection breaks off.
 */
export function managerScript(
  name: string,
  args: ManagerScriptArgs,
  opts: pulumi.CustomResourceOptions,
): command.local.Command {
  const { access, manager } = args;
  const line = (words: Words) =>
    onManager(access, manager, words).apply((arguments_) => bash(arguments_));
  return new command.local.Command(
    name,
    {
      ...inputs(args, line, command.local.Logging),
      // With its text instead of its path, the state names no folder of this machine.
      stdin: stdin(args).apply((PAYLOAD) => `${assignments({ PAYLOAD })}${ON_MANAGER_TEXT}`),
    },
    options(args, opts),
  );
}

/** The same here, on the machine that runs Pulumi. */
export function localScript(
  name: string,
  args: ScriptArgs,
  opts: pulumi.CustomResourceOptions,
): command.local.Command {
  const line = (words: Words) => pulumi.all(words).apply(bash);
  return new command.local.Command(
    name,
    inputs(args, line, command.local.Logging),
    options(args, opts),
  );
}

/** One run of a script on whichever manager can speak for the swarm, or on a machine by its name. */
export interface ManagerRun extends Pick<ManagerScriptArgs, "access" | "manager" | "script"> {
  words: Words;
}

/**
 * The same outside a resource: a function for hooks, which are called during an `up` and never in a
 * preview. It takes the script's variables, returns what the script printed, and fails with what it
 * said.
 */
export function runOnManager({ access, manager, script, words }: ManagerRun) {
  const line = valueOf(onManager(access, manager, words));
  return async (variables: Record<string, string> = {}): Promise<string> => {
    const running = promisify(execFile)(ON_MANAGER, await line, { env: process.env });
    running.child.stdin!.end(`${assignments(variables)}${scriptText(script)}`);
    const { stdout } = await running.catch((error: { stderr: string }) => {
      throw new Error(error.stderr.trim());
    });
    return stdout;
  };
}

/**
 * The value of an output, for functions that are called during an `up`. In a preview, where it may never
 * be known, the promise does not settle: nothing may wait for it there.
 */
export function valueOf<T>(output: pulumi.Output<T>): Promise<T> {
  return new Promise((resolve) => {
    output.apply((value) => resolve(value));
  });
}

function onManager(access: SshAccess, manager: string, words: Words): pulumi.Output<string[]> {
  return pulumi
    .all([access.config, commandLine(access.user, words)])
    .apply(([config, remote]) => [`${access.answerSeconds}`, config, manager, remote]);
}

/** What both kinds of commands take. */
function inputs<Logging extends { None: unknown; Stderr: unknown }>(
  args: ScriptArgs,
  line: (words: Words) => pulumi.Output<string>,
  logging: Logging,
) {
  return {
    stdin: stdin(args),
    ...(args.create ? { create: line(args.create) } : {}),
    ...(args.delete ? { delete: line(args.delete) } : {}),
    ...(args.triggers ? { triggers: args.triggers } : {}),
    addPreviousOutputInEnv: false,
    logging: (args.secretOutput ? logging.None : logging.Stderr) as
      Logging["None"] | Logging["Stderr"],
  };
}

/** A script with its variables, as bash reads it. */
function stdin({ script, variables }: ScriptArgs): pulumi.Output<string> {
  return pulumi
    .output(variables ?? {})
    .apply((variables) => `${assignments(variables)}${scriptText(script)}`);
}

function options(
  args: ScriptArgs,
  opts: pulumi.CustomResourceOptions,
): pulumi.CustomResourceOptions {
  const timeout = `${args.timeoutSeconds}s`;
  return {
    deleteBeforeReplace: true,
    customTimeouts: { create: timeout, update: timeout, delete: timeout },
    ...(args.secretOutput ? { additionalSecretOutputs: ["stdout", "stderr"] } : {}),
    ...opts,
  };
}

/** What runs a script that comes over stdin there, as root. */
export function commandLine(user: pulumi.Output<string>, words: Words): pulumi.Output<string> {
  return pulumi.all([user, pulumi.all(words)]).apply(([user, plain]) => {
    return `${user === "root" ? "" : "sudo -n "}${bash(plain)}`;
  });
}

/** What runs a script that comes over stdin. */
function bash(words: (string | number)[]): string {
  return quote(["bash", "-s", "--", ...words.map(String)]);
}

function assignments(variables: Record<string, string>): string {
  return Object.entries(variables)
    .map(([name, value]) => `${name}=${quote([value])}\n`)
    .join("");
}

/** The script after the helpers that all of them share. */
export function scriptText(script: string): string {
  return ["remote/common", script]
    .map((path) => {
      const [folder = "", name = ""] = path.split("/");
      return readFileSync(join(__dirname, "..", folder, "scripts", `${name}.sh`), "utf8");
    })
    .join("\n");
}

import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { quote } from "shell-quote";
import type { Machine } from "../machine/machine";

type Words = pulumi.Input<string | number>[];

export interface NodeScriptArgs {
  /** Where it runs. */
  machine: Machine;
  /** Folder in components/ and file in its `scripts/`, for example `swarm/ready`. */
  script: string;
  /** Arguments when the resource is made, and again when one of its inputs changes. */
  create: Words;
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
  // The private key makes the whole connection a secret; the user's name in it is none.
  const user = pulumi.unsecret(args.machine.connection.user);
  const line = (words: Words) =>
    pulumi.all([user, pulumi.all(words)]).apply(([user, plain]) => {
      const root = user === "root" ? [] : ["sudo", "-n"];
      return quote([...root, "bash", "-s", "--", ...plain.map(String)]);
    });
  const timeout = `${args.timeoutSeconds}s`;

  return new command.remote.Command(
    name,
    {
      connection: args.machine.connection.apply((connection) => ({
        ...connection,
        // Dial until the step's own bound: a machine may still be booting.
        dialErrorLimit: -1,
        perDialTimeout: 10,
      })),
      stdin: pulumi
        .output(args.variables ?? {})
        .apply((variables) => `${assignments(variables)}${scriptText(args.script)}`),
      create: line(args.create),
      ...(args.delete ? { delete: line(args.delete) } : {}),
      ...(args.triggers ? { triggers: args.triggers } : {}),
      addPreviousOutputInEnv: false,
      logging: args.secretOutput ? command.remote.Logging.None : command.remote.Logging.Stderr,
    },
    {
      deleteBeforeReplace: true,
      customTimeouts: { create: timeout, update: timeout, delete: timeout },
      ...(args.secretOutput ? { additionalSecretOutputs: ["stdout", "stderr"] } : {}),
      ...opts,
    },
  );
}

function assignments(variables: Record<string, string>): string {
  return Object.entries(variables)
    .map(([name, value]) => `${name}=${quote([value])}\n`)
    .join("");
}

/** The script after the helpers that all of them share. */
function scriptText(script: string): string {
  return ["swarm/common", script]
    .map((path) => {
      const [folder = "", name = ""] = path.split("/");
      return readFileSync(join(__dirname, "..", folder, "scripts", `${name}.sh`), "utf8");
    })
    .join("\n");
}

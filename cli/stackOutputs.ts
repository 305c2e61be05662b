import { execFile } from "node:child_process";
import { parseArgs, promisify } from "node:util";
import type { StackOutputs } from "../stacks/outputTypes";

const run = promisify(execFile);

/** The stack that `-s` names on the command line. */
export function stackArgument(): string {
  const { values } = parseArgs({ options: { stack: { type: "string", short: "s" } } });
  return requireStack(values.stack);
}

/** The stack's name, or an error that says how to give one. */
export function requireStack(stack: string | undefined): string {
  if (!stack) throw new Error("which stack? Add `-- -s dev`, for example");
  return stack;
}

/** The outputs of a stack that is up, secrets included, as Pulumi has them in its state. */
export async function readStackOutputs(stack: string): Promise<StackOutputs> {
  const { stdout } = await run("pulumi", [
    "stack",
    "output",
    "--json",
    "--show-secrets",
    "--stack",
    stack,
  ]);
  const outputs = JSON.parse(stdout);
  if (!outputs.nodes) throw new Error(`stack ${stack} is not up: it has no output "nodes"`);
  return outputs;
}

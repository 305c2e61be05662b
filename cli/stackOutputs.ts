import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { StackOutputs } from "../stacks/outputs";

const run = promisify(execFile);

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

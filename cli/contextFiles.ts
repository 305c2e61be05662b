import { execFile } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import type { StackOutputs } from "../stacks/outputs";

const run = promisify(execFile);

/** The name of a stack's docker context, unless another is asked for. */
export function contextName(stack: string): string {
  // Pulumi may call it ORGANISATION/PROJECT/STACK.
  return `swarm-${basename(stack)}`;
}

/**
 * Writes the certificates for the TLS API under the names that `docker` looks for, the key readable
 * by this user only, and returns the folder.
 */
export function writeContextFiles(
  projectDir: string,
  stack: string,
  outputs: Pick<StackOutputs, "ca" | "cert" | "key">,
): string {
  const folder = join(projectDir, ".cache", "context", stack);
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o700);
  for (const [name, text, mode] of [
    ["ca.pem", outputs.ca, 0o644],
    ["cert.pem", outputs.cert, 0o644],
    ["key.pem", outputs.key, 0o600],
  ] as const) {
    writeFileSync(join(folder, name), text, { mode });
    // The mode above is for a new file only.
    chmodSync(join(folder, name), mode);
  }
  return folder;
}

/** The endpoint of a docker context, as `--docker` takes it. */
export function contextEndpoint(host: string, folder: string): string {
  const [ca, cert, key] = ["ca", "cert", "key"].map((name) => join(folder, `${name}.pem`));
  return `host=${host},ca=${ca},cert=${cert},key=${key}`;
}

/**
 * Creates a docker context, or updates the one of that name. Says false without the docker CLI.
 *
 * @param env in which `docker` is looked for and runs
 */
export async function setContext(
  name: string,
  endpoint: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<boolean> {
  try {
    const { stdout } = await run("docker", ["context", "ls", "--format", "{{.Name}}"], { env });
    const verb = stdout.split("\n").includes(name) ? "update" : "create";
    await run("docker", ["context", verb, name, "--docker", endpoint], { env });
    return true;
  } catch (error) {
    const { code, stderr, message } = error as NodeJS.ErrnoException & { stderr?: string };
    if (code === "ENOENT") return false;
    throw new Error(`docker cannot set the context ${name}: ${stderr?.trim() || message}`, {
      cause: error,
    });
  }
}

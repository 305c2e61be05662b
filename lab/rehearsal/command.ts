/** @pulumi/command 1.2.1: commands on a machine over SSH, and on this one. */
import path from "node:path";
import { z } from "zod";
import { readInputs, run, type Executor, type Outputs, type Task } from "./executor";
import { dial, execute, type CommandResult } from "../../components/remote/client";

/** Accepted but without effect here: when to run again, and what to print meanwhile. */
const lifecycle = {
  update: z.string().optional(),
  delete: z.string().optional(),
  triggers: z.array(z.unknown()).optional(),
  addPreviousOutputInEnv: z.boolean().optional(),
  logging: z.string().optional(),
};

// No `environment`: sshd drops most of it, which then fails the plugin's command as well.
const remoteInputs = z.strictObject({
  ...lifecycle,
  connection: z.strictObject({
    host: z.string(),
    port: z.number(),
    user: z.string(),
    privateKey: z.string(),
    hostKey: z.string().optional(),
    dialErrorLimit: z.number(),
    perDialTimeout: z.number(),
  }),
  create: z.string(),
  stdin: z.string().default(""),
});

const localInputs = z.strictObject({
  ...lifecycle,
  create: z.string().optional(),
  stdin: z.string().default(""),
  environment: z.record(z.string(), z.string()).default({}),
  interpreter: z.array(z.string()).nonempty().default(["/bin/sh", "-c"]),
  dir: z.string().default("."),
});

const remote: Executor = async (task) => {
  const { connection, create, stdin } = readInputs(remoteInputs, task);
  const client = await dial(connection, task.signal);
  try {
    return outputsOf(task, await execute(client, create, stdin));
  } finally {
    client.destroy();
  }
};

const local: Executor = async (task) => {
  const { create, stdin, environment, interpreter, dir } = readInputs(localInputs, task);
  // One that only takes away does nothing at first, as in the plugin.
  if (create === undefined) return { id: task.name, stdout: "", stderr: "" };
  const [program = "", ...args] = [...interpreter, create];
  const running = run(program, args, {
    cwd: path.resolve(task.projectDir, dir),
    env: { ...process.env, ...environment },
    maxBuffer: 64 * 1024 * 1024,
    signal: task.signal,
  });
  // A command that does not read its input closes the pipe, which is no failure.
  running.child.stdin?.on("error", () => undefined).end(stdin);
  return outputsOf(
    task,
    await running.then(({ stdout, stderr }) => ({ status: 0, stdout, stderr }), failure),
  );
};

export const command: Record<string, Executor> = {
  "command:remote:Command": remote,
  "command:local:Command": local,
};

/** The outputs, if it succeeded. Standard output, which may hold secrets, is in no message. */
function outputsOf(task: Task, { status, stdout, stderr }: CommandResult): Outputs {
  if (status !== 0) {
    throw new Error(`the command ended with ${status}: ${stderr.trim() || "(stderr is empty)"}`);
  }
  return { id: task.name, stdout: stdout.replace(/\n$/, ""), stderr: stderr.replace(/\n$/, "") };
}

/** The result of a local command that ran and failed; any other error passes through. */
function failure(error: Error & { code?: unknown; stdout: string; stderr: string }): CommandResult {
  if (typeof error.code !== "number") {
    throw error;
  }
  return { status: error.code, stdout: error.stdout, stderr: error.stderr };
}

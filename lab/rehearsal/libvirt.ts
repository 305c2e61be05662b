/** libvirt's resources, made with virsh in the steps of terraform-provider-libvirt 0.9.7. */
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { z } from "zod";
import { readInputs, run, type Executor, type Task } from "./executor";
import { DOMAIN, NETWORK, POOL, VOLUME } from "./places";
import { toXml } from "./xml";

// What the steps below need to know; everything else is the XML's business, which is strict.
const networkInputs = z.looseObject({ name: z.string(), autostart: z.boolean().optional() });
const poolInputs = z.looseObject({ name: z.string() });
const volumeInputs = z.looseObject({
  name: z.string(),
  pool: z.string(),
  create: z.strictObject({ content: z.strictObject({ url: z.string() }) }).optional(),
});
const domainInputs = z.looseObject({
  name: z.string(),
  autostart: z.boolean().optional(),
  running: z.boolean().optional(),
});

const network: Executor = async (task) => {
  const { autostart, ...definition } = readInputs(networkInputs, task);
  await define(task, toXml("network", definition, NETWORK), "net-define");
  if (autostart) {
    await virsh(task, "net-autostart", definition.name);
  }
  await virsh(task, "net-start", definition.name);
  const uuid = await virsh(task, "net-uuid", definition.name);
  return { id: uuid, uuid };
};

const pool: Executor = async (task) => {
  const definition = readInputs(poolInputs, task);
  await define(task, toXml("pool", definition, POOL), "pool-define");
  await virsh(task, "pool-build", definition.name);
  await virsh(task, "pool-autostart", definition.name);
  await virsh(task, "pool-start", definition.name);
  const uuid = await virsh(task, "pool-uuid", definition.name);
  return { id: uuid, uuid };
};

const volume: Executor = async (task) => {
  const { pool, create, ...definition } = readInputs(volumeInputs, task);
  const content = create && localFile(create.content.url);
  // Like the provider: content sets the capacity. What a qcow2 image holds is in its own header.
  const sized = content ? { ...definition, capacity: (await stat(content)).size } : definition;
  await define(task, toXml("volume", sized, VOLUME), "vol-create", pool);
  if (content) {
    await virsh(task, "vol-upload", "--pool", pool, definition.name, content);
  }
  const location = await virsh(task, "vol-path", "--pool", pool, definition.name);
  return { id: location, key: location, path: location };
};

const domain: Executor = async (task) => {
  const { autostart, running, ...definition } = readInputs(domainInputs, task);
  await define(task, toXml("domain", definition, DOMAIN), "define");
  if (autostart) {
    await virsh(task, "autostart", definition.name);
  }
  if (running) {
    await virsh(task, "start", definition.name);
  }
  const uuid = await virsh(task, "domuuid", definition.name);
  return { id: uuid, uuid };
};

export const libvirt: Record<string, Executor> = {
  "libvirt:index/network:Network": network,
  "libvirt:index/pool:Pool": pool,
  "libvirt:index/volume:Volume": volume,
  "libvirt:index/domain:Domain": domain,
};

/** Runs `virsh <command>` against the provider's libvirtd and returns what it printed. */
async function virsh(task: Task, ...command: string[]): Promise<string> {
  const uri = task.provider?.uri;
  if (typeof uri !== "string") {
    throw new Error("needs an explicit libvirt provider with a uri");
  }
  try {
    const args = ["--quiet", "--connect", uri, ...command];
    const env = { ...process.env, LC_ALL: "C" };
    return (await run("virsh", args, { signal: task.signal, env })).stdout.trim();
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    throw new Error(`virsh ${command[0]}: ${stderr?.trim() || message}`, { cause: error });
  }
}

/** Runs a virsh command whose last argument is a file with a definition. */
async function define(task: Task, xml: string, ...command: string[]): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), "rehearsal-"));
  try {
    const file = path.join(folder, "definition.xml");
    await writeFile(file, xml);
    await virsh(task, ...command, file);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The path in a volume's content URL; the rehearsal does not download. */
function localFile(url: string): string {
  if (/^https?:/.test(url)) {
    throw new Error(`the rehearsal engine reads local files only: download ${url} first`);
  }
  return url.replace(/^file:\/\//, "");
}

import { execFile } from "node:child_process";
import { cp, mkdir, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { startDaemon } from "./daemon";
import { runFolder } from "./inside";

const run = promisify(execFile);

export interface Registry {
  /** It listens on all addresses of the lab: nodes reach it at their NAT network's gateway. */
  port: number;
  stop(): Promise<void>;
}

/**
 * Starts a registry with the images that `registry/images` lists, among them every default image of
 * Pulumi.yaml. As a registry mirror for Docker Hub it stands in for the internet, which a lab does
 * not reach. What Debian has no package of is a stand-in: a small program with the same ports, and
 * the image label `swarm.stand-in`. What is pushed to the registry goes with the lab.
 *
 * @throws Error outside a lab, when `lab/setup` has not made it yet, and when it does not answer.
 */
export async function startRegistry(): Promise<Registry> {
  const folder = join(runFolder(), "registry");
  const { stdout } = await run(join(__dirname, "registry", "build"), ["--path"]);
  const built = stdout.trim();
  if (!existsSync(built)) throw new Error("the registry's images are not built: run lab/setup");

  const port = 5000;
  if (!existsSync(folder)) {
    await mkdir(folder);
    await cp(join(built, "storage"), join(folder, "storage"), { recursive: true });
  }
  const config = {
    version: "0.1",
    log: { level: "warn" },
    storage: { filesystem: { rootdirectory: join(folder, "storage") } },
    http: { addr: `0.0.0.0:${port}` },
  };
  const configFile = join(folder, "config.yml");
  await writeFile(configFile, JSON.stringify(config)); // JSON is YAML

  const registry = startDaemon(
    join(built, "docker-registry"),
    ["serve", configFile],
    join(folder, "log"),
  );
  await registry.waitUntil(async () => (await fetch(`http://127.0.0.1:${port}/v2/`)).ok, 30);
  return { port, stop: registry.stop };
}

/** How fast the course's sequential script is, with a stock cloud-init image. Runs inside a lab. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { startHypervisor } from "../hypervisor";
import { runFolder } from "../inside";

async function main(): Promise<void> {
  const { domainType } = await startHypervisor();
  const key = join(runFolder(), "course-key");
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
  const image = execFileSync(join(__dirname, "..", "..", "images", "build"), ["cloud-init"]);
  execFileSync(join(__dirname, "..", "course", "swarm.sh"), [image.toString().trim(), key], {
    env: { ...process.env, DOMAIN_TYPE: domainType },
    stdio: ["ignore", "inherit", "inherit"],
  });
}

main().catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});

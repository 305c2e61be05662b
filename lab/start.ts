import { startHypervisor } from "./hypervisor";
import { startRegistry } from "./registry";

/**
 * Starts what a stack needs and leaves it running for as long as the lab lasts. `npm run lab` does
 * it and then gives a shell in the lab.
 */
async function main(): Promise<void> {
  const [hypervisor, registry] = await Promise.all([startHypervisor(), startRegistry()]);
  console.log(`libvirt: ${hypervisor.uri}, domain type ${hypervisor.domainType}`);
  console.log(`registry: port ${registry.port} on every address of the lab`);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});

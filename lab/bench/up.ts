/** How fast our `up` is: from nothing until all six nodes are Ready. Runs inside a lab. */
import { BARE, devStack } from "../devStack";
import { chooseEngine } from "../engine";
import { startHypervisor } from "../hypervisor";
import { startRegistry } from "../registry";

async function main(): Promise<void> {
  const { options } = devStack(await startHypervisor(), await startRegistry(), BARE);
  const engine = chooseEngine();
  const started = performance.now();
  await engine.up({
    ...options,
    onResource: ({ name, phase, seconds }) => {
      if (phase === "done") console.error(`${name} ${seconds?.toFixed(1)}`);
    },
  });
  console.log(`engine ${engine.name}`);
  console.log(`total ${Math.round((performance.now() - started) / 1000)}`);
}

main().catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});

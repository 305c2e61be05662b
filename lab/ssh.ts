/** `npm run ssh -- -s STACK`: writes the stack's SSH key and prints how to log in to each node. */
import { join, relative } from "node:path";
import { writeSshFiles } from "./sshFiles";
import { readStackOutputs, stackArgument } from "./stackOutputs";

async function main(): Promise<void> {
  const stack = stackArgument();
  const outputs = await readStackOutputs(stack);
  const project = join(__dirname, "..");
  const folder = relative(project, writeSshFiles(project, stack, outputs));
  console.log(`wrote ${folder}/key and ${folder}/known_hosts`);
  for (const [name, command] of Object.entries(outputs.ssh)) console.log(`${name}: ${command}`);
}

main().catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 2;
});

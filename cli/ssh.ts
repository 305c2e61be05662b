/** `npm run ssh -- -s STACK`: writes the stack's SSH key and prints how to log in to each node. */
import { sshFilesOf } from "./sshFiles";
import { readStackOutputs, stackArgument } from "./stackOutputs";

async function main(): Promise<void> {
  const stack = stackArgument();
  const outputs = await readStackOutputs(stack);
  console.log(`wrote ${sshFilesOf(stack, outputs)}, and the key and the host keys beside it`);
  for (const [name, command] of Object.entries(outputs.ssh)) console.log(`${name}: ${command}`);
}

main().catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 2;
});

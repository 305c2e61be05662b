import { run, verb } from "./command";
import { sshFilesOf } from "./sshFiles";
import { readStackOutputs } from "./stackOutputs";

const ssh = verb(
  "ssh",
  "Writes the stack's SSH key and host keys, and prints how to log in to each machine.",
).action(async ({ stack }: { stack: string }) => {
  const outputs = await readStackOutputs(stack);
  console.log(`wrote ${sshFilesOf(stack, outputs)}, and the key and the host keys beside it`);
  for (const [name, command] of Object.entries(outputs.ssh)) console.log(`${name}: ${command}`);
});

void run(ssh);

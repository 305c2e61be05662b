import { join } from "node:path";
import { run, verb } from "./command";
import { contextEndpoint, contextName, setContext, writeContextFiles } from "./contextFiles";
import { readStackOutputs } from "./stackOutputs";

const context = verb(
  "context",
  "Makes a docker context of the stack's TLS API, so that `docker` on this machine works on the swarm.",
)
  .option("--name <name>", "the context's name (default: swarm-STACK)")
  .action(async ({ stack, name = contextName(stack) }: { stack: string; name?: string }) => {
    const outputs = await readStackOutputs(stack);
    const folder = writeContextFiles(join(__dirname, ".."), stack, outputs);
    console.log(`wrote ca.pem, cert.pem and key.pem to ${folder}`);

    const endpoint = contextEndpoint(outputs.dockerHost, folder);
    if (await setContext(name, endpoint)) {
      console.log(`docker context ${name} is ${outputs.dockerHost}. Now type:`);
    } else {
      console.log(`there is no docker command on this machine. Where there is one, either type`);
      console.log(`  export DOCKER_HOST=${outputs.dockerHost}`);
      console.log(`  export DOCKER_TLS_VERIFY=1`);
      console.log(`  export DOCKER_CERT_PATH=${folder}`);
      console.log(`and use docker as it is, or make a context and use that:`);
      console.log(`  docker context create ${name} --docker "${endpoint}"`);
    }
    console.log(`  docker --context ${name} node ls`);
  });

void run(context);

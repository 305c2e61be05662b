import { spawnSync } from "node:child_process";
import { Cluster, NEXT_MANAGER_SECONDS } from "../conformance/cluster";
import { listNodes } from "../conformance/nodes";
import { EXIT, run, verb } from "./command";
import { whyNotReplace, type NodeState } from "./quorum";
import { readStackOutputs } from "./stackOutputs";

const replace = verb(
  "replace",
  "Replaces one machine: asks the swarm whether it can spare it, then runs `pulumi up` for it.",
  "the swarm cannot spare the node now: nothing was changed",
)
  .argument("<node>", "the machine's name, for example mg1")
  .option("-y, --yes", "do not ask before the `up`")
  .option("-f, --skip-preview", "no preview before the `up`")
  .action(async (node: string, options: { stack: string; yes?: true; skipPreview?: true }) => {
    const { stack, yes, skipPreview } = options;
    const outputs = await readStackOutputs(stack);
    const names = outputs.sshHosts.map(({ name }) => name);
    if (!names.includes(node)) {
      throw new Error(`${stack} has no machine ${node}: it has ${names.join(", ")}`);
    }
    const why = whyNotReplace(node, await nodesOf(new Cluster(outputs, NEXT_MANAGER_SECONDS)));
    if (why !== undefined) {
      console.error(why);
      process.exitCode = EXIT.found;
      return;
    }
    const flags = [...(yes ? ["--yes"] : []), ...(skipPreview ? ["--skip-preview"] : [])];
    // Its host key is part of all that the machine is made from, so disk, seed and domain follow.
    const words = ["up", "--stack", stack, "--replace", `**::${node}-host-key`, ...flags];
    const { status, error } = spawnSync("pulumi", words, { stdio: "inherit" });
    if (error) throw error;
    if (status !== 0) process.exitCode = EXIT.failed;
  });

async function nodesOf(cluster: Cluster): Promise<NodeState[]> {
  const failure = "no manager answers, so nobody knows whether it can be spared";
  try {
    return await cluster.askAManager(failure, (manager) => listNodes(cluster, manager));
  } finally {
    await cluster.close();
  }
}

void run(replace);

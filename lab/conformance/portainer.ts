import type { StackOutputs } from "../outputs";
import { eventually, expectEach, type Check } from "./check";
import { listTasks, serviceOf } from "./docker";
import { get } from "./probes";
import { nodesOf } from "./services";

/** The port in the container at which Portainer serves plain HTTP. */
const HTTP_PORT = 9000;

function httpPort(outputs: StackOutputs) {
  return serviceOf(outputs, "portainer")?.publish.find(
    ({ protocol, target }) => protocol === "tcp" && target === HTTP_PORT,
  );
}

/** The version that Portainer's status names. */
export function portainerVersion(status: number, body: string): string {
  try {
    const { Version } = JSON.parse(body);
    if (status === 200 && typeof Version === "string") return Version;
  } catch {
    // Not JSON: not Portainer.
  }
  throw new Error(`not Portainer's status: HTTP status ${status}, ${body.slice(0, 200)}`);
}

const answers: Check = {
  name: "Portainer answers at its published port",
  applies: (outputs) => httpPort(outputs) !== undefined,
  async run(cluster) {
    const { mode, published } = httpPort(cluster.outputs)!;
    const tasks = await listTasks(cluster, [serviceOf(cluster.outputs, "portainer")!]);
    const nodes = mode === "ingress" ? cluster.nodes : nodesOf("portainer", tasks, cluster.nodes);
    if (nodes.length === 0) throw new Error("portainer runs on no node");
    const versions = new Set<string>();
    await expectEach(nodes, ({ name, ingressAddress }) =>
      eventually(async () => {
        try {
          const { status, body } = await get({
            ...{ host: ingressAddress, port: published, path: "/api/system/status" },
          });
          versions.add(portainerVersion(status, body));
        } catch (error) {
          throw new Error(`by ${name}: ${(error as Error).message}`, { cause: error });
        }
      }),
    );
    // In the lab, its registry may have a stand-in under Portainer's name, which says so itself.
    return `version ${[...versions].join(", ")}`;
  },
};

/** Portainer as its users see it. */
export const portainerChecks: Check[] = [answers];

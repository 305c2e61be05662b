import { isPrivate } from "../components/machine/addresses";
import type { StackOutputs } from "../stacks/outputs";
import { eventually, expectEach, expectNone, type Check } from "./check";
import { listTasks, serviceOf } from "./docker";
import { get, type HttpAnswer } from "./probes";
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
            host: ingressAddress,
            port: published,
            path: "/api/system/status",
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

/** What Portainer says of one of its environments and of the engine behind it. */
export interface Environment {
  name: string;
  /** 1 when Portainer has reached it, 2 when it has not. */
  status: number;
  /** Node ID in the swarm of the engine that answers, or what came instead. */
  engine: { node: string } | { problem: string };
}

/**
 * What is wrong with what Portainer's page shows: no environment is this swarm. One of them is enough:
 * the operator may have others.
 */
export function pageProblems(environments: Environment[], nodes: string[]): string[] {
  const seen = environments.map(({ name, status, engine }) => {
    if ("problem" in engine) return `environment ${name}: ${engine.problem}`;
    if (!nodes.includes(engine.node)) return `environment ${name}: not an engine of this swarm`;
    return status === 1 ? undefined : `environment ${name}: Portainer shows it as down`;
  });
  if (seen.includes(undefined)) return [];
  return seen.length > 0 ? (seen as string[]) : ["Portainer has no environment"];
}

const HTTP_OK = 200;
/** What Portainer answers to a wrong password. */
const HTTP_WRONG_PASSWORD = 422;

/**
 * Portainer's own API, as its page uses it. A Portainer that is too old for the engine answers at its
 * port, and its page shows a dead environment (https://github.com/portainer/portainer/issues/12934).
 */
const reachesSwarm: Check = {
  name: "Portainer shows the swarm to its administrator",
  applies: (outputs) => httpPort(outputs) !== undefined && outputs.portainerPassword !== "",
  async run(cluster) {
    const { outputs, nodes } = cluster;
    const { mode, published } = httpPort(outputs)!;
    const tasks = await listTasks(cluster, [serviceOf(outputs, "portainer")!]);
    const [node] = mode === "ingress" ? nodes : nodesOf("portainer", tasks, nodes);
    if (!node) throw new Error("portainer runs on no node");
    if (!isPrivate(node.ingressAddress)) {
      return "not looked into: the password would go over the Internet in clear";
    }
    const page = { host: node.ingressAddress, port: published };
    const ids = nodes.map(({ id }) => id);

    return eventually(async () => {
      const login = { username: "admin", password: outputs.portainerPassword };
      const answer = await get(
        {
          ...page,
          path: "/api/auth",
          method: "POST",
          headers: { "content-type": "application/json" },
        },
        JSON.stringify(login),
      );
      if (answer.status === HTTP_WRONG_PASSWORD) {
        return "not looked into: admin has another password there than in the output";
      }
      const { jwt } = read(answer, "its login") as { jwt: string };
      const headers = { authorization: `Bearer ${jwt}` };
      const ask = (path: string) => get({ ...page, path, headers });

      const list = read(await ask("/api/endpoints"), "its environments") as EnvironmentJson[];
      const environments = await Promise.all(
        list.map(async ({ Id, Name, Status }): Promise<Environment> => {
          const info = await ask(`/api/endpoints/${Id}/docker/info`);
          return { name: Name, status: Status, engine: engineOf(info) };
        }),
      );
      expectNone(pageProblems(environments, ids));
    });
  },
};

interface EnvironmentJson {
  Id: number;
  Name: string;
  Status: number;
}

function read({ status, body }: HttpAnswer, what: string): unknown {
  if (status !== HTTP_OK) {
    throw new Error(`Portainer: ${what}: HTTP status ${status}, ${body.slice(0, 200)}`);
  }
  return JSON.parse(body);
}

function engineOf(answer: HttpAnswer): Environment["engine"] {
  try {
    const { Swarm } = read(answer, "the engine") as { Swarm?: { NodeID?: string } };
    return { node: Swarm?.NodeID ?? "" };
  } catch (error) {
    return { problem: (error as Error).message };
  }
}

/** Portainer as its users see it. */
export const portainerChecks: Check[] = [answers, reachesSwarm];

import type { Cluster } from "./cluster";
import type { NodeOutput, StackOutputs } from "../stacks/outputs";
import { MONITORING_PORTS, MONITORING_USER, PASSWORD_FILE } from "../components/monitoring/ports";
import { meshTcpPorts } from "../components/swarm/publish";
import { eventually, expectNone, type Check } from "./check";
import { listTasks, runShell, serviceOf } from "./docker";
import { nodesOf } from "./services";

const PROMETHEUS = `http://prometheus:${MONITORING_PORTS.prometheus}`;
const ALERTMANAGER = `http://alertmanager:${MONITORING_PORTS.alertmanager}`;
const API_READER = `http://api-reader:${MONITORING_PORTS["api-reader"]}`;

/** Jobs whose targets are known beforehand, and how many each has. */
export function expectedTargets({ nodes, services }: StackOutputs): Record<string, number> {
  const managers = nodes.filter(({ role }) => role === "manager").length;
  const users = services.filter(({ management }) => !management);
  const ports = meshTcpPorts(users.flatMap(({ publish }) => publish));
  return {
    prometheus: 1,
    alertmanager: 1,
    nodes: nodes.length,
    cadvisor: nodes.length,
    controller: managers,
    ...(ports.length > 0 ? { ingress: nodes.length * ports.length } : {}),
  };
}

/** One value of an answer of Prometheus. */
export interface Sample {
  metric: Record<string, string>;
  value: [time: number, value: string];
}

/**
 * What is wrong with the targets, one sentence each: one is missing or too much, or is not there.
 *
 * @param samples among them `up` of each target, and `probe_success` of those that are tried.
 */
export function targetProblems(expected: Record<string, number>, samples: Sample[]): string[] {
  const up = samples.filter(({ metric }) => metric.__name__ !== CERTIFICATE);
  const known = up.filter(({ metric }) => metric.__name__ === "up");
  const numbers = Object.entries(expected).flatMap(([job, wanted]) => {
    const seen = known.filter(({ metric }) => metric.job === job).length;
    // A service of the compose file may publish more.
    const right = job === "ingress" ? seen >= wanted : seen === wanted;
    return right ? [] : [`job ${job}: wanted ${wanted} targets, saw ${seen}`];
  });
  const down = up
    .filter(({ value: [, value] }) => value !== "1")
    .map(({ metric }) => `${metric.__name__} of ${metric.job} at ${metric.instance} is not 1`);
  return [...numbers, ...down];
}

/** When the API's certificate of a manager ends, as the manager itself says (CertificateExpiry). */
const CERTIFICATE = "swarm_api_certificate_expiry_timestamp_seconds";

/** The managers that it is not known of. */
export function certificateProblems({ nodes }: StackOutputs, seen: Sample[]): string[] {
  const known = seen
    .filter(({ metric, value: [now, end] }) => metric.__name__ === CERTIFICATE && +end > now)
    .map(({ metric }) => metric.node);
  return nodes
    .filter(({ name, role }) => role === "manager" && !known.includes(name))
    .map(({ name }) => `${CERTIFICATE} of ${name} is not known, or is over`);
}

/** What to ask Prometheus for: each target as it is now, and what managers say of their certificates. */
const TARGETS = `{__name__=~"up|probe_success|${CERTIFICATE}"}`;

/** A request on the network of monitoring, and what came back. */
interface Asked {
  method: string;
  url: string;
  /** Whether it comes with the password. */
  password?: boolean;
}
interface Answer {
  status: number;
  body: string;
}

/**
 * Makes requests one after another in a container of the controller, which is on the network, and
 * has the password as a file: so it is in no argument list. The program goes over stdin.
 */
async function ask(cluster: Cluster, requests: Asked[]): Promise<Answer[]> {
  const program = `
    const http = require("http");
    const password = require("fs").readFileSync("${PASSWORD_FILE}", "utf8").trim();
    const ask = ({ method, url, password: known }) => new Promise((done, fail) => {
      const auth = known ? { auth: "${MONITORING_USER}:" + password } : {};
      const request = http.request(url, { method, timeout: 15000, ...auth }, (answer) => {
        let body = "";
        answer.on("data", (chunk) => (body += chunk));
        answer.on("end", () => done({ status: answer.statusCode, body }));
      });
      request.on("timeout", () => request.destroy(new Error(url + ": no answer in 15 s")));
      request.on("error", fail);
      request.end();
    });
    (async () => {
      const answers = [];
      for (const one of ${JSON.stringify(requests)}) answers.push(await ask(one));
      console.log(JSON.stringify(answers));
    })().catch((error) => { console.error(error.message); process.exitCode = 1; });`;
  const node = await nodeOf(cluster, "controller");
  const encoded = Buffer.from(program).toString("base64");
  const container =
    "$(docker ps --quiet --filter label=com.docker.swarm.service.name=controller | head -n 1)";
  const line = `echo ${encoded} | base64 -d | docker exec --interactive ${container} node -`;
  return JSON.parse(await runShell(cluster, node, line)) as Answer[];
}

/** A node that runs a service of monitoring. */
async function nodeOf(cluster: Cluster, name: string): Promise<NodeOutput> {
  const tasks = await listTasks(cluster, [serviceOf(cluster.outputs, name)!]);
  const [node] = nodesOf(name, tasks, cluster.nodes);
  if (!node) throw new Error(`${name} runs on no node`);
  return node;
}

/** The values of a PromQL expression at this moment, asked with the password. */
export async function query(cluster: Cluster, expression: string): Promise<Sample[]> {
  const url = `${PROMETHEUS}/api/v1/query?query=${encodeURIComponent(expression)}`;
  const [answer] = await ask(cluster, [{ method: "GET", url, password: true }]);
  const { status, body } = answer!;
  if (status !== 200) throw new Error(`Prometheus: HTTP status ${status}, ${body.slice(0, 200)}`);
  return JSON.parse(body).data.result as Sample[];
}

const hasMonitoring = (outputs: StackOutputs) => serviceOf(outputs, "prometheus") !== undefined;

const targets: Check = {
  name: "Prometheus finds every node and every monitored task",
  applies: hasMonitoring,
  async run(cluster) {
    let seen: Sample[] = [];
    await eventually(async () => {
      seen = await query(cluster, TARGETS);
      expectNone([
        ...targetProblems(expectedTargets(cluster.outputs), seen),
        ...certificateProblems(cluster.outputs, seen),
      ]);
    }, 180);
    const found = seen.filter(({ metric }) => metric.__name__ === "up");
    const tasks = found.filter(({ metric }) => metric.job === "tasks").length;
    return `${found.length} targets, ${tasks} of them tasks of other services`;
  },
};

/** What is refused, by whom: what api-reader does not let through, and what asks for a password. */
const REFUSED: (Asked & { status: number })[] = [
  { method: "GET", url: `${API_READER}/secrets`, status: 403 },
  { method: "GET", url: `${API_READER}/containers/json`, status: 403 },
  { method: "POST", url: `${API_READER}/services/create`, status: 403 },
  { method: "DELETE", url: `${API_READER}/nodes`, status: 403 },
  { method: "GET", url: `${PROMETHEUS}/metrics`, status: 401 },
  { method: "GET", url: `${ALERTMANAGER}/metrics`, status: 401 },
];

const readsOnly: Check = {
  name: "the network of monitoring reads the swarm's API and changes nothing, nor asks without a password",
  applies: hasMonitoring,
  async run(cluster) {
    const list = { method: "GET", url: `${API_READER}/nodes` };
    const [nodes, ...refused] = await ask(cluster, [list, ...REFUSED]);
    const lists = nodes!.status === 200 ? (JSON.parse(nodes!.body) as unknown[]).length : 0;
    expectNone([
      ...(lists === cluster.nodes.length ? [] : [`api-reader lists ${lists} nodes`]),
      ...REFUSED.flatMap(({ method, url, status }, i) => {
        const seen = refused[i]!.status;
        return seen === status ? [] : [`${method} ${url}: wanted status ${status}, saw ${seen}`];
      }),
    ]);
  },
};

/** How many tasks cAdvisor knows the CPU time and the memory of, on each node. */
const KNOWN_TASKS = {
  "CPU time": 'count by (node) (container_cpu_usage_seconds_total{job="cadvisor",task!=""})',
  memory: 'count by (node) (container_memory_working_set_bytes{job="cadvisor",task!=""})',
};

/**
 * The nodes of whose tasks nothing is known, one sentence each. cAdvisor is a task itself, so each node
 * has one at least.
 */
export function blindSpots(what: string, nodes: string[], counts: Sample[]): string[] {
  const known = counts.filter(({ value: [, count] }) => Number(count) > 0);
  const seen = known.map(({ metric }) => metric.node);
  return nodes
    .filter((name) => !seen.includes(name))
    .map((name) => `${name}: cAdvisor knows the ${what} of no task`);
}

/**
 * A cAdvisor that is too old for the engine is a good target with metrics of no container
 * (https://github.com/google/cadvisor/issues/3749).
 */
const tasksKnown: Check = {
  name: "Prometheus knows the CPU time and the memory of tasks on every node",
  applies: hasMonitoring,
  async run(cluster) {
    const nodes = cluster.nodes.map(({ name }) => name);
    await eventually(async () => {
      const problems = Object.entries(KNOWN_TASKS).map(async ([what, expression]) =>
        blindSpots(what, nodes, await query(cluster, expression)),
      );
      expectNone((await Promise.all(problems)).flat());
    }, 180);
  },
};

/** What watches the swarm. */
export const monitoringChecks: Check[] = [targets, tasksKnown, readsOnly];

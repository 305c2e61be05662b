/** An autoscaler whose parts are lost in the middle of a load: nothing scales wrongly, and it recovers. */
import { Cluster } from "../../lab/cluster";
import { eventually } from "../../lab/conformance/check";
import { replicasByApi, sampleReplicas, type Replicas, type Sample } from "../../lab/load/replicas";
import { sendRequests, type Answers } from "../../lab/load/requests";
import { LOADS, scaledWeb, webTargets } from "../../lab/load/surge";
import type { NodeOutput } from "../../lab/outputs";
import { setTimeout as sleep } from "node:timers/promises";
import { describeWithPulumi, MINUTES, Operator } from "./lab";

jest.setTimeout(20 * MINUTES);

const SETTINGS = { managers: "3", workers: "1", storage: "none", portainer: "false" };

/** Seconds in which a wrong decision would have been made: several of the controller's rounds. */
const ROUNDS = 90;

describeWithPulumi("an autoscaled service", () => {
  let operator: Operator;
  let cluster: Cluster;
  let load: { answers: Answers; end(): Promise<void> };
  const samples: Sample[] = [];
  const watching = new AbortController();

  let look: () => Promise<Replicas>;
  const reaches = (replicas: number, seconds: number) =>
    eventually(
      async () => expect(await look()).toEqual({ wanted: replicas, running: replicas }),
      seconds,
    );
  /** What the service should have had, for a while. */
  const wantedFor = async (seconds: number): Promise<number[]> => {
    const from = samples.length;
    await sleep(1000 * seconds);
    return [...new Set(samples.slice(from).map(({ wanted }) => wanted))].sort();
  };
  const docker = (node: NodeOutput, command: string) => cluster.run(node, `docker ${command}`);
  const leader = async (): Promise<NodeOutput> => {
    const rows = await operator.nodes();
    const name = rows.find((row) => row.endsWith("Leader"))?.split(" ")[0];
    return cluster.managers.find((node) => node.name === name)!;
  };

  function startLoad() {
    const stop = new AbortController();
    const answers: Answers = { requests: 0, failed: {} };
    // By the worker, which stays: a manager that is lost answers nobody.
    const targets = webTargets({
      ...operator.outputs,
      nodes: operator.outputs.nodes.filter(({ role }) => role === "worker"),
    });
    const sending = sendRequests({ ...LOADS[operator.domainType], targets }, answers, stop.signal);
    return {
      answers,
      end: async () => {
        stop.abort();
        await sending;
      },
    };
  }

  beforeAll(async () => {
    operator = await Operator.start((type) => ({ ...scaledWeb(type), ...SETTINGS }));
    await operator.up();
    cluster = new Cluster(operator.outputs);
    look = replicasByApi(operator.outputs, "web");
    void sampleReplicas(look, samples, watching.signal);
    await reaches(1, 300);
    load = startLoad();
    await reaches(3, 300);
  });
  afterAll(async () => {
    watching.abort();
    await load.end();
    await cluster.close();
    await operator.stop();
  });

  test("has one controller that acts, of one on every manager", async () => {
    const nodes = await docker(
      cluster.managers[0]!,
      "service ps --format '{{.Node}}' --filter desired-state=running controller",
    );
    expect(nodes.split("\n").sort()).toEqual(["mg0", "mg1", "mg2"]);
    expect(await wantedFor(ROUNDS)).toEqual([3]);
  });

  test("keeps what it has while there is no Prometheus, and goes on when it is back", async () => {
    const [manager] = cluster.managers;
    await docker(manager!, "service scale --detach prometheus=0");
    expect(await wantedFor(ROUNDS)).toEqual([3]);
    await load.end();
    expect(await wantedFor(ROUNDS)).toEqual([3]); // nothing known is no reason to have fewer
    await docker(manager!, "service scale --detach prometheus=1");
    await reaches(1, 360);
    load = startLoad();
    await reaches(3, 300);
  });

  test("keeps what it has when the leader is lost, and the next one goes on", async () => {
    const lost = await leader();
    await operator.virsh("destroy", lost.name);
    // Replicas of the lost node start elsewhere: what counts is how many there should be.
    expect(await wantedFor(ROUNDS)).toEqual([3]);
    await load.end();
    await reaches(1, 420);
    await operator.virsh("start", lost.name);
    await eventually(
      async () => expect(await operator.statuses()).toContain(`${lost.name} Ready`),
      300,
    );
  });

  test("scales by the others when one manager's engine does not answer", async () => {
    const acting = await leader();
    const other = cluster.managers.find(({ name }) => name !== acting.name)!;
    await cluster.run(other, "systemctl stop docker.socket docker");
    load = startLoad();
    await reaches(3, 300);
    await load.end();
    await cluster.run(other, "systemctl start docker");
    await reaches(1, 360);
    expect(await operator.failures()).toEqual([]);
  });
});

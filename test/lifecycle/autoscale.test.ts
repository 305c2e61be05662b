/** An autoscaler whose parts are lost in the middle of a load: nothing scales wrongly, and it recovers. */
import { eventually } from "../../conformance/check";
import { replicasByApi, sampleReplicas, type Replicas, type Sample } from "../../lab/load/replicas";
import { sendRequests } from "../../lab/load/requests";
import { LOADS, scaledWeb, webTargets } from "../../lab/load/surge";
import type { NodeOutput } from "../../stacks/outputs";
import { setTimeout as sleep } from "node:timers/promises";
import { untilMembersAreWell, withCluster } from "../e2e/lab";
import { describeWithPulumi, MINUTES, Operator } from "./lab";

jest.setTimeout(20 * MINUTES);

const SETTINGS = {
  ...{ managers: "3", workers: "1", storage: "none", portainer: "false" },
  // Beside four emulated machines on two cores the load does not get large enough for a third replica.
  webAutoscale: "max=2,min=1,cpu=60,window-down=60",
};

/** Seconds in which a wrong decision would have been made: several of the controller's rounds. */
const ROUNDS = 90;

describeWithPulumi("an autoscaled service", () => {
  let operator: Operator;
  let endLoad: () => Promise<void>;
  const samples: Sample[] = [];
  const watching = new AbortController();

  let look: () => Promise<Replicas>;
  const reaches = (replicas: number, seconds: number) =>
    eventually(
      async () => expect(await look()).toEqual({ wanted: replicas, running: replicas }),
      seconds,
    );
  /** As many wanted: tasks of a node that is lost count as running until it is back. */
  const wants = (replicas: number, seconds: number) =>
    eventually(async () => expect((await look()).wanted).toBe(replicas), seconds);
  /** What the service should have had, for a while. */
  const wantedFor = async (seconds: number): Promise<number[]> => {
    const from = samples.length;
    await sleep(1000 * seconds);
    return [...new Set(samples.slice(from).map(({ wanted }) => wanted))].sort();
  };
  const run = (node: NodeOutput, command: string) =>
    withCluster(operator.outputs, (cluster) => cluster.run(node, command));
  const managers = () => operator.outputs.nodes.filter(({ role }) => role === "manager");
  const leader = async (): Promise<NodeOutput> => {
    const rows = await operator.nodes();
    const name = rows.find((row) => row.endsWith("Leader"))?.split(" ")[0];
    return managers().find((node) => node.name === name)!;
  };

  function startLoad() {
    const stop = new AbortController();
    // By the worker, which stays: a manager that is lost answers nobody.
    const targets = webTargets({
      ...operator.outputs,
      nodes: operator.outputs.nodes.filter(({ role }) => role === "worker"),
    });
    const load = { ...LOADS[operator.domainType], targets };
    const sending = sendRequests(load, { requests: 0, failed: [] }, stop.signal);
    return async () => {
      stop.abort();
      await sending;
    };
  }

  beforeAll(async () => {
    operator = await Operator.start((type) => ({ ...scaledWeb(type), ...SETTINGS }));
    await operator.up();
    look = replicasByApi(operator.outputs, "web");
    void sampleReplicas(look, samples, watching.signal);
    await reaches(1, 300);
    endLoad = startLoad();
    await reaches(2, 300);
  });
  afterAll(async () => {
    watching.abort();
    await endLoad();
    await operator.stop();
  });

  test("has one controller that acts, of one on every manager", async () => {
    const nodes = await run(
      managers()[0]!,
      "docker service ps --format '{{.Node}}' --filter desired-state=running controller",
    );
    expect(nodes.split("\n").sort()).toEqual(["mg0", "mg1", "mg2"]);
    expect(await wantedFor(ROUNDS)).toEqual([2]);
  });

  test("keeps what it has while there is no Prometheus, and goes on when it is back", async () => {
    const [manager] = managers();
    await run(manager!, "docker service scale --detach prometheus=0");
    expect(await wantedFor(ROUNDS)).toEqual([2]);
    await endLoad();
    expect(await wantedFor(ROUNDS)).toEqual([2]); // nothing known is no reason to have fewer
    await run(manager!, "docker service scale --detach prometheus=1");
    await reaches(1, 360);
    endLoad = startLoad();
    await reaches(2, 300);
  });

  test("keeps what it has when the leader is lost, and the next one goes on", async () => {
    const lost = await leader();
    await operator.virsh("destroy", lost.name);
    expect(await wantedFor(ROUNDS)).toEqual([2]);
    await endLoad();
    await wants(1, 420);
    await operator.virsh("start", lost.name);
    await eventually(
      async () => expect(await operator.statuses()).toContain(`${lost.name} Ready`),
      300,
    );
    await untilMembersAreWell(operator.outputs);
    await reaches(1, 60);
  });

  test("scales by the others when one manager's engine does not answer", async () => {
    const acting = await leader();
    const other = managers().find(({ name }) => name !== acting.name)!;
    await run(other, "systemctl stop docker.socket docker");
    endLoad = startLoad();
    await wants(2, 300);
    await endLoad();
    await run(other, "systemctl start docker");
    await reaches(1, 360);
    expect(await operator.failures()).toEqual([]);
  });
});

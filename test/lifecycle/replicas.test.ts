/** Pulumi and the autoscaler on one service: neither takes back what the other has done. */
import { setTimeout as sleep } from "node:timers/promises";
import { SMALL } from "../../lab/devStack";
import { replicasByApi } from "../../lab/load/replicas";
import { sendRequests, type Answers } from "../../lab/load/requests";
import { LOADS, scaledWeb, webTargets } from "../../lab/load/surge";
import { withCluster } from "../e2e/lab";
import { describeWithPulumi, MINUTES, Operator } from "./lab";

jest.setTimeout(20 * MINUTES);

const THREE_NODES = { ...SMALL, workers: "2" };
const UPDATE = "services-web-service-update";
const OTHER_IMAGE = { webImage: "nginx:1.28.0" };

describeWithPulumi("an autoscaled web", () => {
  let operator: Operator;

  beforeAll(async () => {
    operator = await Operator.start((type) => ({ ...scaledWeb(type), ...THREE_NODES }));
    await operator.up();
  });
  afterAll(() => operator.stop());

  /** How many replicas web should have. */
  const replicas = async () => (await replicasByApi(operator.outputs, "web")()).wanted;

  /** The names of its labels. */
  const labels = () =>
    withCluster(operator.outputs, async (cluster) => {
      const format = "'{{range $name, $_ := .Spec.Labels}}{{$name}} {{end}}'";
      const shown = await cluster.run(
        cluster.managers[0]!,
        `docker service inspect --format ${format} web`,
      );
      return shown.trim().split(" ");
    });

  /** Waits until the autoscaler has chosen such a number. */
  async function reached(is: (wanted: number) => boolean, seconds: number): Promise<void> {
    for (const deadline = Date.now() + 1000 * seconds; Date.now() < deadline; await sleep(1000)) {
      const wanted = await replicas().catch(() => -1);
      if (wanted >= 0 && is(wanted)) return;
    }
    throw new Error(`web has ${await replicas()} replicas after ${seconds} s`);
  }

  /** Does something while web is loaded, once the autoscaler has made it grow. */
  async function underLoad(work: () => Promise<void>): Promise<void> {
    const stop = new AbortController();
    const answers: Answers = { requests: 0, failed: [] };
    const load = { ...LOADS[operator.domainType], targets: webTargets(operator.outputs) };
    const loading = sendRequests(load, answers, stop.signal);
    try {
      await reached((wanted) => wanted > 1, 240);
      await work();
    } finally {
      stop.abort();
      await loading;
    }
    expect(answers.failed).toEqual([]);
  }

  test("needs nothing where the autoscaler has moved replicas, after a refresh either", () =>
    underLoad(async () => {
      await operator.expectNoChanges();
      await operator.refresh();
      await operator.expectNoChanges();
      expect(await replicas()).toBeGreaterThan(1);
    }));

  test("gets another image, and keeps the replicas that it has", () =>
    underLoad(async () => {
      const steps = await operator.up(OTHER_IMAGE);
      expect(steps.of("update")).toEqual([UPDATE, "services-web-service-image"].sort());
      expect(steps.of("replace")).toEqual([]);
      expect(await replicas()).toBeGreaterThan(1);
    }));

  test("has another most and fewest at once, with nothing else touched", async () => {
    const bounds = { ...OTHER_IMAGE, webAutoscale: "max=4,min=2,cpu=60,window-down=60" };
    const steps = await operator.up(bounds);
    expect(steps.of("update")).toEqual([UPDATE]);
    expect([...steps.of("create"), ...steps.of("replace")]).toEqual([]);
    const wanted = await replicas();
    expect(wanted).toBeGreaterThanOrEqual(2);
    expect(wanted).toBeLessThanOrEqual(4);
    await operator.expectNoChanges(bounds);
  });

  test("is Pulumi's again without autoscaling, and the autoscaler's with it", async () => {
    const off = { webAutoscale: "", webReplicas: "2" };
    for (const time of ["first", "second"]) {
      await operator.up(off);
      expect([time, await replicas(), await labels()]).toEqual([time, 2, ["swarm.stack"]]);
      await operator.expectNoChanges(off);
      expect(await operator.failures()).toEqual([]);

      await operator.up();
      await operator.expectNoChanges();
      await reached((wanted) => wanted === 1, 300);
    }
  });
});

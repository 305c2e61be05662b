/**
 * A `web` that is autoscaled: a load that one replica cannot serve comes and goes. On either engine;
 * with Pulumi's own also that Pulumi does not fight the autoscaler.
 *
 * One manager and two workers: what is shown here is the same with three managers, which `dev` has in
 * the other suite, and four emulated machines fewer leave the load the time that it needs.
 */
import type { Stack } from "@pulumi/pulumi/automation";
import { setTimeout as sleep } from "node:timers/promises";
import { chooseEngine, openStack, plainOutputs, runOptions, whyNoPulumi } from "../../lab/engine";
import { surgeReport } from "../../lab/load/report";
import { replicasByApi, type Replicas } from "../../lab/load/replicas";
import { LOADS, scaledWeb, surge, surgeProblems, webTargets } from "../../lab/load/surge";
import { sendRequests } from "../../lab/load/requests";
import type { StackOutputs } from "../../lab/outputs";
import { failures, Lab, Steps } from "./lab";

const MINUTES = 60_000;
jest.setTimeout(20 * MINUTES);

const SMALL = { managers: "1", workers: "2", storage: "none", portainer: "false" };

const missing = process.env.LAB_ENGINE === "rehearsal" ? "LAB_ENGINE=rehearsal" : whyNoPulumi();
const withPulumi = missing ? describe.skip : describe;
if (missing) console.warn(`Pulumi's own engine is left out. ${missing}`);

let lab: Lab;
let outputs: StackOutputs;
let look: () => Promise<Replicas>;
let load: (typeof LOADS)["kvm"];
let settings: Record<string, string>;

beforeAll(async () => {
  lab = await Lab.start();
  load = LOADS[lab.hypervisor.domainType];
  settings = { ...scaledWeb(lab.hypervisor.domainType), ...SMALL };
  outputs = await chooseEngine().up(lab.stack(settings));
  look = replicasByApi(outputs, "web");
});
afterAll(() => lab.stop());

/** How many replicas web should have. */
const replicas = async () => (await look()).wanted;

/** Waits until the autoscaler has chosen such a number. */
async function reached(is: (wanted: number) => boolean, seconds: number): Promise<number> {
  for (const deadline = Date.now() + 1000 * seconds; Date.now() < deadline; await sleep(1000)) {
    const wanted = await replicas().catch(() => -1);
    if (wanted >= 0 && is(wanted)) return wanted;
  }
  throw new Error(`web has ${await replicas()} replicas after ${seconds} s`);
}

/** Does something while web is loaded, once the autoscaler has made it grow. */
async function underLoad(work: () => Promise<void>): Promise<void> {
  const stop = new AbortController();
  const answers = { requests: 0, failed: {} };
  const loading = sendRequests({ ...load, targets: webTargets(outputs) }, answers, stop.signal);
  try {
    await reached((wanted) => wanted > 1, 240);
    await work();
  } finally {
    stop.abort();
    await loading;
  }
  expect(answers.failed).toEqual({});
}

test("has everything that its users rely on", async () => {
  expect(await failures(outputs)).toEqual([]);
});

test("grows under a load, gets smaller after it, and leaves no request unanswered", async () => {
  const seconds = lab.hypervisor.domainType === "kvm" ? 90 : 240;
  const result = await surge(outputs, {
    load: { ...load, seconds: 120, untilMaxSeconds: seconds },
  });
  console.log(surgeReport(result));
  expect(surgeProblems(result)).toEqual([]);
  expect(result.secondsToMax).toBeLessThanOrEqual(seconds);
});

withPulumi("with Pulumi's own engine", () => {
  let stack: Stack;
  const run = (overrides = {}) => runOptions(lab.stack({ ...settings, ...overrides }));
  const up = async (overrides: Record<string, string>): Promise<Steps> => {
    const steps = new Steps();
    const result = await stack.up({ ...run(overrides), onEvent: steps.onEvent });
    outputs = plainOutputs(result.outputs);
    return steps;
  };
  const UPDATE = "services-web-service-update";

  beforeAll(async () => {
    stack = await openStack(lab.stack(settings));
  });

  test("nothing is to be done where the autoscaler has moved replicas, after a refresh either", () =>
    underLoad(async () => {
      await stack.up({ ...run(), expectNoChanges: true });
      await stack.refresh(run());
      await stack.preview({ ...run(), expectNoChanges: true });
      await stack.up({ ...run(), expectNoChanges: true });
      expect(await replicas()).toBeGreaterThan(1);
    }));

  test("another image leaves the replicas that there are", () =>
    underLoad(async () => {
      const steps = await up({ webImage: "nginx:1.28.0" });
      expect(steps.of("update")).toEqual([UPDATE, "services-web-service-image"].sort());
      expect(steps.of("replace")).toEqual([]);
      expect(await replicas()).toBeGreaterThan(1);
    }));

  test("another most and fewest count at once, with nothing else touched", async () => {
    const bounds = { webAutoscale: "max=4,min=2,cpu=60,window-down=60" };
    const steps = await up(bounds);
    expect(steps.of("update")).toEqual([UPDATE]);
    expect([...steps.of("create"), ...steps.of("replace")]).toEqual([]);
    const wanted = await replicas();
    expect(wanted).toBeGreaterThanOrEqual(2);
    expect(wanted).toBeLessThanOrEqual(4);
    await stack.up({ ...run(bounds), expectNoChanges: true });
  });

  test("without autoscaling it is Pulumi's again, and with it the autoscaler's", async () => {
    const off = { webAutoscale: "", webReplicas: "2" };
    await up(off);
    expect(await replicas()).toBe(2);
    await stack.up({ ...run(off), expectNoChanges: true });
    expect(await failures(outputs)).toEqual([]);

    await up({});
    await stack.up({ ...run(), expectNoChanges: true });
    await reached((wanted) => wanted === 1, 300);
    // Off once more: the state never learnt of the labels that the script gave it.
    await up(off);
    expect(await replicas()).toBe(2);
    await stack.up({ ...run(off), expectNoChanges: true });
  });
});

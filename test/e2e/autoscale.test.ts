/**
 * A `web` that is autoscaled: a load that one replica cannot serve comes and goes. On either engine.
 * That Pulumi does not fight the autoscaler is in the lifecycle suite `replicas`.
 *
 * One manager and one worker: what is shown here is the same with three managers, which `dev` has in
 * the other suite, and four emulated machines fewer leave the load the time that it needs.
 */
import { SMALL } from "../../lab/devStack";
import { chooseEngine } from "../../lab/engine";
import { surgeReport } from "../../lab/load/report";
import { LOADS, scaledWeb, surge, surgeProblems } from "../../lab/load/surge";
import type { StackOutputs } from "../../stacks/outputs";
import { failures, Lab } from "./lab";

const MINUTES = 60_000;
jest.setTimeout(20 * MINUTES);

let lab: Lab;
let outputs: StackOutputs;

beforeAll(async () => {
  lab = await Lab.start();
  const settings = { ...scaledWeb(lab.hypervisor.domainType), ...SMALL };
  outputs = await chooseEngine().up(lab.stack(settings));
});
afterAll(() => lab.stop());

test("has everything that its users rely on", async () => {
  expect(await failures(outputs)).toEqual([]);
});

test("grows under a load, gets smaller after it, and leaves no request unanswered", async () => {
  const seconds = lab.hypervisor.domainType === "kvm" ? 90 : 240;
  const load = LOADS[lab.hypervisor.domainType];
  const result = await surge(outputs, {
    load: { ...load, seconds: 120, untilMaxSeconds: seconds },
  });
  console.log(surgeReport(result));
  expect(surgeProblems(result)).toEqual([]);
  expect(result.secondsToMax).toBeLessThanOrEqual(seconds);
});

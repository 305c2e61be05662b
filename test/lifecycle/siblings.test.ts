/** Two stacks on one hypervisor. */
import { describeWithPulumi, MINUTES, Operator } from "./lab";

jest.setTimeout(20 * MINUTES);

/** As in docs/stacks.md. */
const SMALL = {
  ...{ managers: "1", workers: "1", webReplicas: "2" },
  natNetworkName: "small-network",
  natNetworkBridge: "small-nat",
  natNetworkCidr: "192.168.124.0/24",
  natNetworkAddresses: "192.168.124.10-192.168.124.250",
  internalNetworkName: "small-machines",
  internalNetworkBridge: "small-int",
  internalNetworkCidr: "192.168.43.0/24",
  internalNetworkAddresses: "192.168.43.10-192.168.43.250",
};

describeWithPulumi("two stacks on one hypervisor", () => {
  let dev: Operator;
  let small: Operator;

  beforeAll(async () => {
    dev = await Operator.start();
    await dev.up();
    small = await dev.sibling("small", SMALL);
    await small.up();
  });
  afterAll(() => dev.stop());

  test("are both what their users rely on", async () => {
    expect(await dev.failures()).toEqual([]);
    expect(await small.failures()).toEqual([]);
    expect(await small.statuses()).toEqual(["mg0 Ready", "worker0 Ready"]);
    await dev.expectNoChanges();
  });

  test("do not notice when the other one is destroyed", async () => {
    const before = dev.outputs.nodes.map(({ id }) => id);
    await small.destroy();
    expect(await dev.failures()).toEqual([]);
    await dev.refresh();
    await dev.expectNoChanges();
    expect(dev.outputs.nodes.map(({ id }) => id)).toEqual(before);
  });
});

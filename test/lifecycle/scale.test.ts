/** More and fewer nodes, each by one up. */
import { BARE } from "../../lab/devStack";
import { describeWithPulumi, MINUTES, Operator } from "./lab";

jest.setTimeout(20 * MINUTES);

describeWithPulumi("scaling", () => {
  let operator: Operator;

  beforeAll(async () => {
    operator = await Operator.start(BARE);
    await operator.up();
  });
  afterAll(() => operator.stop());

  test.each([
    { managers: "5", workers: "3" },
    { managers: "3", workers: "0" },
    { managers: "1", workers: "0" },
    { managers: "3", workers: "0" },
    { managers: "3", workers: "3" },
  ])("to $managers managers and $workers workers", async (counts) => {
    await operator.up(counts);
    const names = (prefix: string, count: string) =>
      Array.from({ length: Number(count) }, (_, i) => `${prefix}${i} Ready`);
    expect(await operator.statuses()).toEqual([
      ...names("mg", counts.managers),
      ...names("worker", counts.workers),
    ]);
    const nodes = await operator.nodes();
    expect(nodes.filter((row) => row.endsWith(" Leader"))).toHaveLength(1);
    expect(nodes.filter((row) => row.endsWith(" Reachable"))).toHaveLength(
      Number(counts.managers) - 1,
    );
    await operator.expectNoChanges(counts);
  });
});

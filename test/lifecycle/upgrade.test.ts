/**
 * A stack that an earlier program made goes on with this one. UPGRADE_FROM is the folder of a checkout of
 * that program, with its npm packages and its node image.
 */
import { describeWithPulumi, MINUTES, Operator } from "./lab";

jest.setTimeout(30 * MINUTES);

const FROM = process.env.UPGRADE_FROM;

if (FROM === undefined) {
  describe.skip("a stack of an earlier program (UPGRADE_FROM is not set)", () => {
    test.todo("goes on");
  });
} else {
  describeWithPulumi("a stack of an earlier program", () => {
    let operator: Operator;

    beforeAll(async () => {
      operator = await Operator.start({}, FROM);
      await operator.up();
      await operator.useThisProgram();
    });
    afterAll(() => operator.stop());

    test("has nothing replaced or deleted by the preview", async () => {
      const steps = await operator.preview({});
      console.log(`create ${steps.of("create")}\nupdate ${steps.of("update")}`);
      expect(steps.of("replace")).toEqual([]);
      expect(steps.of("delete")).toEqual([]);
    });

    test("is what its users rely on after an up, and then has no changes", async () => {
      const before = operator.outputs.nodes.map(({ id }) => id);
      const steps = await operator.up();
      expect([...steps.of("replace"), ...steps.of("delete")]).toEqual([]);
      expect(operator.outputs.nodes.map(({ id }) => id)).toEqual(before);
      expect(await operator.failures()).toEqual([]);
      await operator.expectNoChanges();
    });
  });
}

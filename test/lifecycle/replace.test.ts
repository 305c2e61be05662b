/** All machines replaced, machines lost, and requests that would cost the swarm its quorum. */
import { join } from "node:path";
import { builtImagePath } from "../../images/recipe";
import { runFolder } from "../../lab/inside";
import { run } from "../e2e/lab";
import { describeWithPulumi, hostKeyUrn, MINUTES, Operator } from "./lab";
import { watch } from "./watch";

jest.setTimeout(30 * MINUTES);

/** Short waits, so that a refusal does not take its twenty minutes. */
const IMPATIENT = { drainTimeoutSeconds: "60" };
/** What makes new machines of all nodes: an image with the same in it, which is another file. */
const UPGRADED = { ...IMPATIENT, image: "" };

const ALL = ["mg0", "mg1", "mg2", "worker0", "worker1", "worker2"];

describeWithPulumi("a swarm of three managers and three workers", () => {
  let operator: Operator;

  beforeAll(async () => {
    operator = await Operator.start(IMPATIENT);
    UPGRADED.image = join(runFolder(), "other.qcow2");
    const format = ["-c", "-O", "qcow2", "-o", "compression_type=zstd"];
    await run("qemu-img", ["convert", ...format, builtImagePath("node"), UPGRADED.image]);
    await operator.up();
  });
  afterAll(() => operator.stop());

  /** Names of the nodes, when each is there once and Ready, and their managers in good order. */
  async function expectWell(): Promise<void> {
    expect(await operator.statuses()).toEqual(ALL.map((name) => `${name} Ready`));
    const nodes = await operator.nodes();
    const managers = nodes.slice(0, 3).map((row) => row.split(" ")[2]);
    expect(managers.sort()).toEqual(["Leader", "Reachable", "Reachable"]);
  }

  test("has all six replaced in one up, and loses neither a request nor its quorum", async () => {
    const seen = await watch(operator.outputs, async () => {
      const steps = await operator.up(UPGRADED);
      const domains = steps.of("replace").filter((name) => name.endsWith("-domain"));
      // The storage machine as well, with its data.
      expect(domains).toEqual([...ALL, "storage"].map((name) => `${name}-domain`).sort());
    });
    console.log(JSON.stringify(seen));
    expect(seen.failed).toEqual([]);
    expect(seen.requests).toBeGreaterThan(500);
    expect(seen.fewestManagers).toBeGreaterThanOrEqual(2);
    await expectWell();
    await operator.expectNoChanges(UPGRADED);
    expect(await operator.failures()).toEqual([]);
  });

  test.each(["the first manager", "the leader", "a worker"])("gets %s back", async (which) => {
    const leader = (await operator.nodes()).find((row) => row.endsWith("Leader"))!.split(" ")[0]!;
    // After the first case the leader is another one than mg0.
    const lost = { "the first manager": "mg0", "the leader": leader, "a worker": "worker1" }[
      which
    ]!;
    await operator.lose(lost);
    await operator.refresh(UPGRADED);
    const steps = await operator.up(UPGRADED);
    expect(steps.of("create").filter((name) => name.endsWith("-domain"))).toEqual([
      `${lost}-domain`,
    ]);
    await expectWell();
    await operator.expectNoChanges(UPGRADED);
  });

  test("refuses to take a manager away while another one is down", async () => {
    const before = operator.outputs.nodes.map(({ id }) => id);
    await operator.virsh("destroy", "mg1");
    const error = await operator.up(UPGRADED, [hostKeyUrn("mg2")]).catch((reason: Error) => reason);
    expect(String(error)).toMatch(/mg2 stays, and nothing was changed: .*not well: mg1/);
    expect(await operator.nodes()).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^mg0 Ready (Leader|Reachable)$/),
        expect.stringMatching(/^mg2 Ready (Leader|Reachable)$/),
      ]),
    );
    await operator.virsh("start", "mg1");
    await operator.up(UPGRADED);
    await expectWell();
    const after = operator.outputs.nodes.map(({ id }) => id);
    expect(after.filter((id) => !before.includes(id)).length).toBeLessThanOrEqual(1);
  });

  test("is destroyed within a minute, with a node that is dead", async () => {
    await operator.virsh("destroy", "worker0");
    const started = performance.now();
    await operator.destroy();
    expect(performance.now() - started).toBeLessThan(60_000);
  });
});

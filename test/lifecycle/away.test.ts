/** Machines that were off: all of them asked to shut down, for longer than their certificates live, and one. */
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { runFolder } from "../../lab/inside";
import { run, secondsSince, untilMembersAreWell, withCluster } from "../e2e/lab";
import { describeWithPulumi, MINUTES, Operator } from "./lab";

jest.setTimeout(30 * MINUTES);

const SETTINGS = { managers: "3", workers: "1", webReplicas: "2", storage: "none" };
const ALL = ["mg0", "mg1", "mg2", "worker0"];
/** Longer than a node's certificate lives. */
const DAYS_OFF = 100;

describeWithPulumi("a swarm whose machines were off", () => {
  let operator: Operator;

  beforeAll(async () => {
    operator = await Operator.start({ ...SETTINGS, portainer: "false" });
    await operator.up();
  });
  afterAll(() => operator.stop());

  /** Asks all machines to shut down, as a host does that shuts down; seconds until the last one is off. */
  async function shutDownAll(): Promise<number> {
    const asked = performance.now();
    await Promise.all(ALL.map((node) => operator.virsh("shutdown", node)));
    while ((await Promise.all(ALL.map((node) => operator.isOff(node)))).includes(false)) {
      if (secondsSince(asked) > 300) throw new Error("not all machines are off after 300 s");
      await sleep(500);
    }
    return secondsSince(asked);
  }

  const startAll = () => Promise.all(ALL.map((node) => operator.virsh("start", node)));

  async function expectWhole(changes: Record<string, string> = {}): Promise<void> {
    await untilMembersAreWell(operator.outputs);
    expect(await operator.failures()).toEqual([]);
    await operator.expectNoChanges(changes);
  }

  test("shuts down in order within a minute, and comes back by itself", async () => {
    const seconds = await shutDownAll();
    console.log(`all machines were off ${seconds} s after they were asked`);
    expect(seconds).toBeLessThanOrEqual(60);
    await startAll();
    await expectWhole();
    const boots = await withCluster(operator.outputs, (cluster) =>
      Promise.all(
        cluster.nodes.map((node) =>
          cluster.run(node, "journalctl --boot=-1 --unit=docker --output=cat --lines=20"),
        ),
      ),
    );
    // The engine was stopped, not cut off.
    expect(boots.filter((log) => !/Daemon shutdown complete|Stopped docker/.test(log))).toEqual([]);
  });

  test("refuses to rotate the CA while a node is lost, and names it", async () => {
    await operator.virsh("destroy", "worker0");
    await operator.untilDown("worker0");
    await expect(operator.up({ caRotation: "1" })).rejects.toThrow(/worker0/);
    await operator.virsh("start", "worker0");
    // The tokens have left the state before the swarm refused; nothing is rotated by their return.
    await operator.up();
    await expectWhole();
  });

  test("comes back by the documented way when its certificates have ended meanwhile", async () => {
    await shutDownAll();
    await Promise.all(ALL.map((node) => operator.setClock(node, DAYS_OFF * 24 * 3600)));
    await startAll();
    const changes = { tokenRotation: "1", joinTimeoutSeconds: "60" };
    const error = await operator.up(changes).catch((reason: Error) => reason);
    const said = String(error);
    console.log(said.slice(0, 3000));
    for (const manager of ["mg0", "mg1", "mg2"]) {
      expect(said).toMatch(
        new RegExp(`${manager}: swarm state error .*certificate ends on .*is over`, "s"),
      );
    }

    // The operator's clock, too, is so much later.
    const folder = join(runFolder(), "later");
    mkdirSync(folder, { recursive: true });
    const date = `#!/bin/sh
case "$*" in *--date*) exec /usr/bin/date "$@" ;; esac
exec /usr/bin/date --date "${DAYS_OFF} days" "$@"
`;
    writeFileSync(join(folder, "date"), date);
    chmodSync(join(folder, "date"), 0o755);
    const revived = performance.now();
    const { stderr } = await run("cli/revive", ["dev"], {
      env: { ...process.env, PATH: `${folder}:${process.env.PATH}` },
    });
    console.log(`${stderr}\nrevived in ${secondsSince(revived)} s`);
    await operator.up(changes);
    await expectWhole(changes);
  });
});

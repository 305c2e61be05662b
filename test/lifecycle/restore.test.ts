/** Most managers are lost for good: the swarm comes back from its backup, once with autolock on. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { Cluster } from "../../conformance/cluster";
import type { NodeOutput } from "../../stacks/outputs";
import { run, withCluster } from "../e2e/lab";
import { describeWithPulumi, MINUTES, Operator } from "./lab";

jest.setTimeout(20 * MINUTES);

const backUp = (cluster: Cluster) => cluster.runOnAManager("swarm-backup");
const listBackups = (cluster: Cluster) => cluster.runOnAManager("swarm-backup list");

const LOCKED = { autolock: "true" };

/** A service with a secret and a config, made by hand: only the swarm itself knows of them. */
const BY_HAND = [
  "echo secret | docker secret create mine - >/dev/null",
  "echo config | docker config create mine - >/dev/null",
  "docker service create --quiet --detach --name mine --secret mine --config mine" +
    " --constraint node.role==worker busybox:1.37.0 sleep 1d >/dev/null",
].join(" && ");

describeWithPulumi("a swarm without a majority of its managers", () => {
  let operator: Operator;

  beforeAll(async () => {
    operator = await Operator.start();
    await operator.up(LOCKED);
    await onManager(BY_HAND);
  });
  afterAll(() => operator.stop());

  const onManager = (command: string) =>
    withCluster(operator.outputs, (cluster) => cluster.run(cluster.managers[2]!, command));

  /** What there is of the service made by hand: its ID stays, and that of its task. */
  const mine = () =>
    onManager(
      "docker service inspect --format '{{.ID}}' mine && docker secret inspect --format '{{.ID}}' mine" +
        " && docker config inspect --format '{{.ID}}' mine",
    );

  /** A backup as it is on the storage. */
  async function fileOf(backup: string): Promise<Buffer> {
    const { address } = operator.outputs.sshHosts.find(({ name }) => name === "storage")!;
    const storage = { name: "storage", ingressAddress: address } as NodeOutput;
    const read = `base64 ${operator.outputs.storage.export}/backups/dev/${backup}.tar.gz.age`;
    const text = await withCluster(operator.outputs, (cluster) => cluster.run(storage, read));
    return Buffer.from(text, "base64");
  }

  /** What a thief sees of it, and the operator. */
  async function expectEncrypted(backup: string): Promise<void> {
    const content = await fileOf(backup);
    expect(content.length).toBeGreaterThan(1000);
    expect(() => gunzipSync(content)).toThrow("incorrect header check");
    expect(content.toString("latin1")).not.toContain("BEGIN");
    const folder = mkdtempSync(join(tmpdir(), "backup-"));
    const [file, key] = [join(folder, "file"), join(folder, "key")];
    writeFileSync(file, content);
    writeFileSync(key, operator.outputs.backupKey, { mode: 0o600 });
    const open = `age --decrypt --identity ${key} ${file} | tar -tz`;
    expect((await run("bash", ["-c", open])).stdout).toContain(
      "swarm/certificates/swarm-node.key\n",
    );
    rmSync(folder, { recursive: true });
  }

  async function loseTwo(): Promise<void> {
    await operator.lose("mg0");
    await operator.lose("mg1");
  }

  /** What docs/restore.md has people do. */
  async function restore(changes: Record<string, string>): Promise<void> {
    await operator.refreshMachines(changes);
    await operator.up(changes);
  }

  async function expectWhole(before: string, changes: Record<string, string>): Promise<void> {
    expect(await mine()).toBe(before);
    expect(await operator.statuses()).toEqual(
      ["mg0", "mg1", "mg2", "worker0", "worker1", "worker2"].map((name) => `${name} Ready`),
    );
    expect(await operator.failures()).toEqual([]);
    await operator.expectNoChanges(changes);
  }

  test("is locked after a restart, until the next up", async () => {
    const restart = "systemctl restart docker; docker info --format '{{.Swarm.LocalNodeState}}'";
    expect(await onManager(restart)).toBe("locked");
    await operator.expectNoChanges(LOCKED);
    expect(await operator.failures()).toEqual([]);
  });

  test("comes back from a locked backup, with its unlock key", async () => {
    const before = await mine();
    const backup = await withCluster(operator.outputs, backUp);
    await expectEncrypted(backup);
    await loseTwo();
    const changes = {
      ...LOCKED,
      restore: backup,
      restoreUnlockKey: operator.outputs.unlockKey,
    };
    await restore(changes);
    await expectWhole(before, changes);
    // The swarm is locked again, by another key.
    expect(operator.outputs.unlockKey).toMatch(/^SWMKEY-1-/);
    expect(operator.outputs.unlockKey).not.toBe(changes.restoreUnlockKey);
  });

  test("comes back from another backup, with autolock off", async () => {
    await operator.up();
    const before = await mine();
    const backup = await withCluster(operator.outputs, backUp);
    expect((await withCluster(operator.outputs, listBackups)).split("\n")[0]).toBe(backup);
    await loseTwo();
    const changes = { restore: backup };
    await restore(changes);
    await expectWhole(before, changes);
    await operator.up();
    await operator.expectNoChanges();
  });

  test("is not restored while it has a leader", async () => {
    await expect(operator.up({ restore: "20260101T000000Z-mg0" })).rejects.toThrow(
      "is in a swarm with a leader",
    );
    expect(await operator.failures()).toEqual([]);
  });
});

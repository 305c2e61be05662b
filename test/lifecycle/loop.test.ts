/** A stack that comes and goes twenty times leaves nothing behind. */
import { existsSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { BARE } from "../../lab/devStack";
import { listLeftovers } from "../../lab/hypervisor";
import { secondsSince } from "../e2e/lab";
import { describeWithPulumi, MINUTES, Operator } from "./lab";

jest.setTimeout(60 * MINUTES);

const TIMES = 20;

/** What there is on the hypervisor and on this machine that a stack could have left. */
async function inventory() {
  const { processes, ...made } = await listLeftovers();
  return {
    ...made,
    processes: processes.length,
    disks: files("/var/lib/libvirt/pulumi-swarm"),
    leases: files("/var/lib/libvirt/dnsmasq"),
    definitions: files("/etc/libvirt/qemu"),
    temporary: files(tmpdir()),
  };
}

/** Folders stay that a stack shares with others, and tsx keeps each source file as JavaScript. */
function files(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const all = readdirSync(folder, { recursive: true, withFileTypes: true });
  return all
    .filter((one) => one.isFile() && !/\/tsx-\d+$/.test(one.parentPath))
    .map(({ name }) => name);
}

describeWithPulumi("a stack of one manager and one worker", () => {
  let operator: Operator;

  beforeAll(async () => {
    operator = await Operator.start({ ...BARE, managers: "1", workers: "1" });
  });
  afterAll(() => operator.stop());

  test(`leaves nothing after ${TIMES} times up and destroy`, async () => {
    const before = await inventory();
    const seconds: number[] = [];
    for (let i = 0; i < TIMES; i++) {
      const since = performance.now();
      await operator.up();
      await operator.destroy();
      seconds.push(secondsSince(since));
    }
    const after = await inventory();
    console.log(
      `${seconds.join(", ")} s\nbefore: ${JSON.stringify(before)}\nafter: ${JSON.stringify(after)}`,
    );
    expect(after).toEqual(before);
  });
});

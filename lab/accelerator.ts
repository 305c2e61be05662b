import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import type { DomainType } from "../components/kvm/domain";

const run = promisify(execFile);
const verdictFile = join(__dirname, "..", ".cache", "kvm.json");

/**
 * Whether this machine's KVM can run a node, found out by trying.
 *
 * That /dev/kvm exists and opens is not enough: under some cloud hypervisors KVM only interprets a
 * guest's instructions, a hundred times slower than QEMU's own translation does, and gives up at
 * the first one it does not know. So a guest counts down from fifty million, which takes a real
 * processor a few hundredths of a second.
 *
 * The verdict is kept until the machine is started again.
 */
export async function kvmWorks(): Promise<boolean> {
  const boot = (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim();
  const known = await readFile(verdictFile, "utf8").then(
    (text) => JSON.parse(text) as { boot: string; works: boolean },
    () => undefined,
  );
  if (known?.boot === boot) return known.works;

  const works = await countDown("kvm");
  await mkdir(dirname(verdictFile), { recursive: true });
  await writeFile(verdictFile, JSON.stringify({ boot, works }));
  return works;
}

/** The domain type that machines in a lab on this host have. */
export async function bestDomainType(): Promise<DomainType> {
  return (await kvmWorks()) ? "kvm" : "qemu";
}

/**
 * Boots a guest that counts down and ends, and says whether it managed to within the bound.
 *
 * @param accelerator QEMU's name for the way to run it: `kvm`, or `tcg` for software
 */
export async function countDown(accelerator: "kvm" | "tcg"): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), "kvm-trial-"));
  const disk = join(folder, "disk");
  await writeFile(disk, bootSector());
  const args =
    `-machine pc,accel=${accelerator} -cpu max -m 16 -nodefaults -display none -no-reboot ` +
    `-device isa-debug-exit,iobase=0xf4,iosize=1`;
  try {
    await run("qemu-system-x86_64", [...args.split(" "), "-drive", `file=${disk},format=raw`], {
      timeout: 5_000,
      killSignal: "SIGKILL",
    });
    return false;
  } catch (error) {
    // isa-debug-exit makes QEMU end with 2n + 1 when the guest writes n to its port.
    return (error as { code?: unknown }).code === 2 * endCode + 1;
  } finally {
    await rm(folder, { recursive: true });
  }
}

const endCode = 16;

/** A disk of one sector, whose code the BIOS starts. */
function bootSector(): Buffer {
  const sector = Buffer.alloc(512);
  // prettier-ignore
  sector.set([
    0x66, 0xb9, 0x80, 0xf0, 0xfa, 0x02, //       mov ecx, 50000000
    0x66, 0x49, //                         next: dec ecx
    0x75, 0xfc, //                               jnz next
    0xb0, endCode, //                            mov al, endCode
    0xe6, 0xf4, //                               out 0xf4, al
  ]);
  sector.set([0x55, 0xaa], 510);
  return sector;
}

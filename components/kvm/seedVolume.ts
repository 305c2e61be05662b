import { mkdtempSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onExit } from "signal-exit";
import type { DiskIO, FatFs } from "js-fatfs" with { "resolution-mode": "import" };
import type { Seed } from "./seed";

type Library = typeof import("js-fatfs", { with: { "resolution-mode": "import" } });

const SECTOR_BYTES = 512;
/** 1 MiB: room for any seed of ours, and more than the 128 sectors that a FAT volume needs. */
const VOLUME_BYTES = 1024 * 1024;
/** By this label cloud-init, and images/node, find a NoCloud volume. */
const LABEL = "CIDATA";
const VOLUME_ATTRIBUTE = 0x08;
const ATTRIBUTE_OFFSET = 11;

/**
 * Writes a NoCloud volume (FAT, label CIDATA) and returns its path.
 *
 * The file holds the machine's private host key, so it lives in a folder that only this user can
 * read, and only as long as this program: uploading happens while the program runs, and the next
 * run writes the file again. That is also why nothing is missed when /tmp was emptied in between.
 */
export async function writeSeedVolume(name: string, seed: Seed): Promise<string> {
  const path = join(privateFolder(), `${name}.img`);
  await writeFile(path, await seedVolume(seed), { mode: 0o600 });
  return path;
}

let folder: string | undefined;

function privateFolder(): string {
  if (!folder) {
    const made = mkdtempSync(join(tmpdir(), "pulumi-swarm-seeds-"));
    onExit(() => rmSync(made, { recursive: true, force: true }));
    folder = made;
  }
  return folder;
}

/** The content of a NoCloud volume. */
export async function seedVolume(seed: Seed): Promise<Buffer> {
  const fatfs = await import("js-fatfs");
  const image = Buffer.alloc(VOLUME_BYTES);
  const ff = await fatfs.create({ diskio: memoryDisk(fatfs, image) });

  const check = (what: string, result: number) => {
    if (result !== fatfs.FR_OK) throw new Error(`seed volume: ${what} failed (FatFs ${result})`);
  };
  const work = ff.malloc(4096);
  const format = { fmt: fatfs.FM_FAT | fatfs.FM_SFD, n_fat: 1, align: 0, n_root: 0, au_size: 0 };
  const mounted = ff.malloc(fatfs.sizeof_FATFS);
  check("formatting", ff.f_mkfs("", format, work, 4096));
  check("mounting", ff.f_mount(mounted, "", 1));
  const files = {
    [LABEL]: "",
    "meta-data": seed.metaData,
    "user-data": seed.userData,
    "network-config": seed.networkConfig,
  };
  for (const [name, content] of Object.entries(files)) {
    const bytes = Buffer.from(content);
    const file = ff.malloc(fatfs.sizeof_FIL);
    const buffer = ff.malloc(bytes.length);
    const written = ff.malloc(4);
    ff.HEAPU8.set(bytes, buffer);
    check(`creating ${name}`, ff.f_open(file, name, fatfs.FA_WRITE | fatfs.FA_CREATE_ALWAYS));
    check(`writing ${name}`, ff.f_write(file, buffer, bytes.length, written));
    if (ff.getValue(written, "i32") !== bytes.length) {
      throw new Error(`seed volume: no room for all of ${name}`);
    }
    check(`closing ${name}`, ff.f_close(file));
  }
  check("unmounting", ff.f_unmount(""));
  // js-fatfs is built without f_setlabel. In a FAT volume a label is a directory entry with the
  // attribute "volume": the first file becomes it. The root directory follows the one FAT.
  const rootDirectory = (image.readUInt16LE(14) + image.readUInt16LE(22)) * SECTOR_BYTES;
  image.writeUInt8(VOLUME_ATTRIBUTE, rootDirectory + ATTRIBUTE_OFFSET);
  return image;
}

/** FatFs works on a disk that we describe to it: here a buffer in memory. */
function memoryDisk(fatfs: Library, image: Buffer): DiskIO {
  const range = (sector: number, count: number) =>
    image.subarray(sector * SECTOR_BYTES, (sector + count) * SECTOR_BYTES);
  const answers: Record<number, [value: number, type: "i16" | "i32"]> = {
    [fatfs.GET_SECTOR_COUNT]: [image.length / SECTOR_BYTES, "i32"],
    [fatfs.GET_SECTOR_SIZE]: [SECTOR_BYTES, "i16"],
    [fatfs.GET_BLOCK_SIZE]: [1, "i32"],
  };
  return {
    initialize: () => 0,
    status: () => 0,
    read: (ff: FatFs, _drive: number, buffer: number, sector: number, count: number) => {
      ff.HEAPU8.set(range(sector, count), buffer);
      return fatfs.RES_OK;
    },
    write: (ff: FatFs, _drive: number, buffer: number, sector: number, count: number) => {
      range(sector, count).set(ff.HEAPU8.subarray(buffer, buffer + count * SECTOR_BYTES));
      return fatfs.RES_OK;
    },
    ioctl: (ff: FatFs, _drive: number, command: number, buffer: number) => {
      const answer = answers[command];
      if (answer) ff.setValue(buffer, ...answer);
      return answer || command === fatfs.CTRL_SYNC ? fatfs.RES_OK : fatfs.RES_PARERR;
    },
  };
}

import { createHash } from "node:crypto";
import {
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
} from "node:fs";
import { open } from "node:fs/promises";
import { dirname } from "node:path";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { ConfigError } from "../components/machine/configError";
import { fingerprint } from "../components/machine/fingerprint";
import { builtImagePath, fetchedImagePath, imageRecipeHash } from "./recipe";

/** A qcow2 disk image that machines boot from. */
export interface Image {
  /** Where it is uploaded from: a path on the machine that runs Pulumi, or an http(s) URL. */
  source: string;
  /** Changes exactly when the image does, and with it every machine made from it. */
  fingerprint: string;
}

/** Bound for fetching an image, in seconds. */
const FETCH_SECONDS = 3600;

/**
 * Finds out what the config's `image` stands for. With a checksum, what is uploaded is a file that has
 * it: an image by URL is fetched to `.cache/` first, once, and not for a preview.
 *
 * - `node`, the image that this project builds: known by its recipe, so that a preview needs no
 *   built image and a rebuild from the same recipe replaces no machine.
 * - A path or `file://` URL: known by its content.
 * - An http(s) URL: known by the URL. Publishers keep dated names; a name such as `latest` would
 *   hide a change. A checksum changes nothing about that, so that one can be added later on.
 *
 * @throws ConfigError when a file that has to be read is not there, is no qcow2 image or has another
 *   checksum.
 */
export async function resolveImage(
  { image, imageChecksum }: { image: string; imageChecksum: string },
  preview: boolean,
): Promise<Image> {
  if (image === "node") {
    return { source: builtImagePath("node"), fingerprint: imageRecipeHash("node") };
  }
  if (/^https?:/i.test(image)) {
    const source = imageChecksum === "" ? image : fetchedImagePath(imageChecksum);
    if (imageChecksum !== "" && !preview) await fetchImage(image, source, imageChecksum);
    return { source, fingerprint: fingerprint(image) };
  }

  const path = image.startsWith("file:") ? fileURLToPath(image) : image;
  if (!existsSync(path)) {
    throw new ConfigError([
      `image: there is no file ${path}; write the path of a qcow2 image, or "node"`,
    ]);
  }
  await requireQcow2(path, path);
  const hash = await sha256Of(path);
  if (imageChecksum !== "") requireChecksum(path, hash, imageChecksum);
  return { source: path, fingerprint: hash.slice(0, 12) };
}

/** Puts the file of a URL in its place, once it has the checksum that it should have. */
async function fetchImage(url: string, target: string, checksum: string): Promise<void> {
  if (existsSync(target) && `sha256:${await sha256Of(target)}` === checksum) return;
  const part = `${target}.${process.pid}`;
  const instead = "try again, or fetch it yourself and write its path";
  mkdirSync(dirname(target), { recursive: true });
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(FETCH_SECONDS * 1000) });
    if (!answer.ok || !answer.body) {
      throw new ConfigError([
        `image: ${url} answers with HTTP status ${answer.status}; ${instead}`,
      ]);
    }
    await pipeline(answer.body, createWriteStream(part));
    requireChecksum(url, await sha256Of(part), checksum);
    await requireQcow2(url, part);
    renameSync(part, target);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const { message, cause } = error as Error;
    const reason = cause instanceof Error ? cause.message : message;
    throw new ConfigError([`image: ${url} could not be fetched: ${reason}; ${instead}`]);
  } finally {
    rmSync(part, { force: true });
  }
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}

function requireChecksum(what: string, hash: string, checksum: string): void {
  if (`sha256:${hash}` === checksum) return;
  throw new ConfigError([
    `imageChecksum: "${checksum}" is not that of ${what}, which is sha256:${hash}; write the ` +
      "publisher's, or another image if that is what you have",
  ]);
}

async function requireQcow2(what: string, path: string): Promise<void> {
  if (await isQcow2(path)) return;
  throw new ConfigError([
    `image: ${what} is not in qcow2 format; convert it with \`qemu-img convert -O qcow2\``,
  ]);
}

/** Whether a file starts as every qcow2 image does. */
async function isQcow2(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer } = await file.read(Buffer.alloc(4), 0, 4);
    return buffer.toString("latin1") === "QFI\xfb";
  } finally {
    await file.close();
  }
}

/** @throws ConfigError when an image that is to be uploaded now has not been built yet. */
export function requireBuilt(image: Image): void {
  if (image.source.startsWith("/") && !existsSync(image.source)) {
    throw new ConfigError(['image: "node" is not built yet; run `npm run image`, then try again']);
  }
}

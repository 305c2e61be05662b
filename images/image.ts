import { createHash } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { open } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { ConfigError } from "../plan/config";
import { fingerprint } from "../plan/fingerprint";
import { builtImagePath, imageRecipeHash } from "./recipe";

/** A qcow2 disk image that machines boot from. */
export interface Image {
  /** Where it is uploaded from: a path on the machine that runs Pulumi, or an http(s) URL. */
  source: string;
  /** Changes exactly when the image does, and with it every machine made from it. */
  fingerprint: string;
}

/**
 * Finds out what the config's `image` stands for.
 *
 * - `node`, the image that this project builds: known by its recipe, so that a preview needs no
 *   built image and a rebuild from the same recipe replaces no machine.
 * - A path or `file://` URL: known by its content.
 * - An http(s) URL: known by the URL. Publishers keep dated names; a name such as `latest` would
 *   hide a change.
 *
 * @throws ConfigError when a file that has to be read is not there or no qcow2 image.
 */
export async function resolveImage(image: string): Promise<Image> {
  if (image === "node") {
    return { source: builtImagePath("node"), fingerprint: imageRecipeHash("node") };
  }
  if (/^https?:/.test(image)) return { source: image, fingerprint: fingerprint(image) };

  const path = image.startsWith("file:") ? fileURLToPath(image) : image;
  if (!existsSync(path)) {
    throw new ConfigError([
      `image: there is no file ${path}; write the path of a qcow2 image, or "node"`,
    ]);
  }
  if (!(await isQcow2(path))) {
    throw new ConfigError([
      `image: ${path} is not in qcow2 format; convert it with \`qemu-img convert -O qcow2\``,
    ]);
  }
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return { source: path, fingerprint: hash.digest("hex").slice(0, 12) };
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

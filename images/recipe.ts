import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";

/** A folder of this project that holds the recipes: `build`, `common/` and one folder a variant. */
const images = __dirname;

/**
 * The hash of everything that decides what a variant's image contains: the same as
 * `images/recipe-hash` prints, so that a program knows the image's name before it is built.
 *
 * @param variant a folder of `images/` that has a file `packages`, for example `node`
 * @param folder where the recipes are; default: the folder of this module
 * @throws Error when there is no such variant
 */
export function imageRecipeHash(variant: string, folder: string = images): string {
  if (!existsSync(join(folder, variant, "packages"))) {
    throw new Error(`no image variant "${variant}": there is no images/${variant}/packages`);
  }
  const lines = ["build", "common", variant]
    .flatMap((name) => filesUnder(join(folder, name)))
    .map((file) => ({ file, name: relative(folder, file) }))
    // The order of LC_ALL=C: names are ASCII.
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ file, name }) => `${sha256(readFileSync(file))}  ${name}\n`);
  return sha256(lines.join("")).slice(0, 16);
}

const cache = join(dirname(images), ".cache", "images");

/** Where `images/build` puts the image of the variant's present recipe, built or not. */
export function builtImagePath(variant: string): string {
  return join(cache, `${variant}-${imageRecipeHash(variant)}.qcow2`);
}

/** Where an image by URL is kept that has this checksum, fetched or not. */
export function fetchedImagePath(checksum: string): string {
  return join(cache, `fetched-${checksum.replace("sha256:", "")}.qcow2`);
}

function filesUnder(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path).flatMap((name) => filesUnder(join(path, name)));
}

function sha256(content: Buffer | string): string {
  return createHash("sha256").update(content).digest("hex");
}

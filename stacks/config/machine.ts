import { integer, text } from "../../components/machine/fields";

const IMAGE_REMEDY = `write "node", or the absolute path, file:// URL or http(s):// URL of a qcow2 image`;

function imageProblem(image: string): string | undefined {
  if (image === "node") return undefined;
  const url = imageUrl(image);
  if (!url) return `is no absolute path and no URL; ${IMAGE_REMEDY}`;
  if (!["file:", "http:", "https:"].includes(url.protocol)) {
    return `is a URL of a kind that images cannot be read from; ${IMAGE_REMEDY}`;
  }
  if (url.protocol === "file:" && url.host) {
    return `names a host, "${url.host}", where a path should begin; write file:///absolute/path`;
  }
  if (url.pathname.endsWith("/")) return `names no file; ${IMAGE_REMEDY}`;
  return undefined;
}

function imageUrl(image: string): URL | undefined {
  const url = image.startsWith("/") ? `file://${image}` : image;
  return URL.canParse(url) ? new URL(url) : undefined;
}

const CHECKSUM =
  "write sha256: and its 64 hexadecimal digits, as sha256sum prints them, or nothing";

function checksumProblem(checksum: string): string | undefined {
  return checksum === "" || /^sha256:[0-9a-f]{64}$/.test(checksum)
    ? undefined
    : `is no SHA-256 of a file; ${CHECKSUM}`;
}

function sshUserProblem(user: string): string | undefined {
  return /^[a-z_][a-z0-9_-]{0,31}$/.test(user)
    ? undefined
    : "is not a user name that Linux takes; write 1 to 32 small letters, digits, dashes and " +
        `underscores that start with a letter, such as "root" or "debian"`;
}

/** What each machine is like. */
export const machineKeys = {
  /** MiB */
  memoryMiB: integer({
    min: 512,
    max: 1024 * 1024,
    tooSmall: "the MiB that the node image needs to boot and to run Docker",
  }),
  /** MB of 1,000,000 bytes */
  diskMB: integer({
    min: 5000,
    max: 10_000_000,
    tooSmall: "the MB that the node image and a few containers need",
  }),
  vcpus: integer({ min: 1, max: 64 }),
  image: text(imageProblem),
  imageChecksum: text(checksumProblem),
  sshUser: text(sshUserProblem),
  sshKeyRotation: integer({ min: 0, max: 1_000_000 }),
};

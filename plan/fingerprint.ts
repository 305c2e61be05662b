import { createHash } from "node:crypto";

/**
 * A short stable name for a piece of content, fit for names of volumes: the first 12 hexadecimal
 * digits of the SHA-256 of its JSON. Equal content has an equal fingerprint on every machine.
 */
export function fingerprint(content: unknown): string {
  return createHash("sha256").update(JSON.stringify(content)).digest("hex").slice(0, 12);
}

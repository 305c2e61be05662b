import { createHash, createHmac } from "node:crypto";

/**
 * A short stable name for a piece of content, fit for names of volumes: the first 12 hexadecimal
 * digits of the SHA-256 of its JSON. Equal content has an equal fingerprint on every machine.
 */
export function fingerprint(content: unknown): string {
  return createHash("sha256").update(JSON.stringify(content)).digest("hex").slice(0, 12);
}

/**
 * The same for a secret: whoever does not have the key cannot confirm a guess of the content by it.
 */
export function keyedFingerprint(key: string, content: string): string {
  return createHmac("sha256", key).update(content).digest("hex").slice(0, 12);
}

import { createPrivateKey } from "node:crypto";
import { BinaryReader, BinaryWriter } from "google-protobuf";
import { secretbox } from "tweetnacl";

/** Entries of the file's header that hold the key of the Raft log, or the next one. */
const RAFT_KEYS = ["raft-dek", "raft-dek-pending"];

/**
 * What autolock locks: a manager's `swarm-node.key`, which holds its TLS key and, in the header, the key
 * of its Raft log. Returns the file as it is without autolock; an open one as it is.
 *
 * Docker itself opens it only while the managers have a majority (moby/moby issue 36852), so that a
 * locked backup could never be restored. The form is SwarmKit's: the TLS key in PKCS #8, encrypted with
 * the 32 bytes of the unlock key as its passphrase; the others in records of algorithm, data and nonce,
 * encrypted as NaCl's secretbox.
 *
 * @param unlockKey As `docker swarm unlock-key` prints it.
 * @throws Error when the key is another one's.
 */
export function openKeyFile(file: string, unlockKey: string): string {
  const [, type, head = "", body] =
    /^-----BEGIN ([A-Z ]+)-----\n((?:[\w-]+: .*\n)+\n)?([^-]+)-----END/.exec(file) ?? [];
  if (!type || !body) throw new Error("the backup's swarm-node.key has no form that is known here");
  if (type !== "ENCRYPTED PRIVATE KEY") return file;
  const key = Buffer.from(unlockKey.replace(/^SWMKEY-1-/, ""), "base64");

  const tlsKey = openTlsKey(`-----BEGIN ${type}-----\n${body}-----END ${type}-----\n`, key);
  const headers = head
    .trim()
    .split("\n")
    .map((line) => line.split(": ") as [string, string])
    // Counts the unlock keys; an open file has none.
    .filter(([name]) => name !== "kek-version")
    .map(
      ([name, value]) => `${name}: ${RAFT_KEYS.includes(name) ? openRecord(value, key) : value}`,
    );
  return tlsKey.replace("-----\n", `-----\n${headers.join("\n")}\n\n`);
}

function openTlsKey(pem: string, passphrase: Buffer): string {
  try {
    return createPrivateKey({ key: pem, passphrase }).export({
      type: "pkcs8",
      format: "pem",
    }) as string;
  } catch {
    throw new Error("restoreUnlockKey does not open this backup");
  }
}

/** A record without encryption in place of one with it, both in base64. */
function openRecord(text: string, key: Buffer): string {
  const reader = new BinaryReader(Buffer.from(text, "base64"));
  const fields: Partial<Record<number, Uint8Array>> = {};
  while (reader.nextField()) {
    if (reader.getFieldNumber() === 1) reader.skipField();
    else fields[reader.getFieldNumber()] = reader.readBytes() as Uint8Array;
  }
  const open = secretbox.open(fields[2]!, fields[3]!, key);
  if (!open) throw new Error("restoreUnlockKey does not open this backup");
  const writer = new BinaryWriter();
  writer.writeBytes(2, open);
  return writer.getResultBase64String();
}

import { createPrivateKey, generateKeyPairSync, randomBytes } from "node:crypto";
import { BinaryReader, BinaryWriter } from "google-protobuf";
import { secretbox } from "tweetnacl";
import { openKeyFile } from "../../../components/backup/keyFile";

const KEK = randomBytes(secretbox.keyLength);
const RAFT_KEY = randomBytes(32);
const UNLOCK_KEY = `SWMKEY-1-${KEK.toString("base64").replace(/=+$/, "")}`;
const TLS_KEY = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;

/** A record as SwarmKit writes it: algorithm (NaCl's secretbox), data, nonce. */
function record(): string {
  const nonce = randomBytes(secretbox.nonceLength);
  const writer = new BinaryWriter();
  writer.writeUint32(1, 1);
  writer.writeBytes(2, secretbox(RAFT_KEY, nonce, KEK));
  writer.writeBytes(3, nonce);
  return writer.getResultBase64String();
}

function locked(headers: Record<string, string>): string {
  const pem = TLS_KEY.export({
    ...{ type: "pkcs8", format: "pem", cipher: "aes-256-cbc" },
    passphrase: KEK as unknown as string,
  }) as string;
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\n`);
  return pem.replace("-----\n", `-----\n${lines.join("")}\n`);
}

const FILE = locked({
  "kek-version": "13",
  "raft-dek": record(),
  "raft-dek-needs-rotation": "true",
});

test("a locked key file is opened: its TLS key, and the key of the Raft log", () => {
  const lines = openKeyFile(FILE, UNLOCK_KEY).split("\n");
  expect(lines[0]).toBe("-----BEGIN PRIVATE KEY-----");
  expect(lines[2]).toBe("raft-dek-needs-rotation: true");
  const reader = new BinaryReader(Buffer.from(lines[1]!.replace("raft-dek: ", ""), "base64"));
  reader.nextField();
  // Data only: no algorithm means that it is not encrypted.
  expect(reader.getFieldNumber()).toBe(2);
  expect(Buffer.from(reader.readBytes() as Uint8Array)).toEqual(RAFT_KEY);
  expect(reader.nextField()).toBe(false);
  const pem = [lines[0], ...lines.slice(4)].join("\n");
  expect(createPrivateKey(pem).equals(TLS_KEY)).toBe(true);
});

test("a key file that is open stays as it is", () => {
  const open = openKeyFile(FILE, UNLOCK_KEY);
  expect(openKeyFile(open, UNLOCK_KEY)).toBe(open);
});

test.each(["SWMKEY-1-", `SWMKEY-1-${randomBytes(32).toString("base64")}`])(
  "another key (%s) does not open it",
  (other) => {
    expect(() => openKeyFile(FILE, other)).toThrow("restoreUnlockKey does not open this backup");
  },
);

test.each(["", "no PEM\n", "-----BEGIN PRIVATE KEY-----"])("%j is refused", (file) => {
  expect(() => openKeyFile(file, UNLOCK_KEY)).toThrow("has no form that is known here");
});

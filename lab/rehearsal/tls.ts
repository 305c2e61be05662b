/** Keys of @pulumi/tls, in every form that its provider gives. ED25519 only: no other is used. */
import { createHash, createPrivateKey } from "node:crypto";
import { utils, type ParsedKey } from "ssh2";
import { z } from "zod";
import { readInputs, type Executor } from "./executor";

const inputs = z.strictObject({ algorithm: z.literal("ED25519") });

const privateKey: Executor = async (task) => {
  readInputs(inputs, task);
  const { openssh, key } = generate();
  const pem = key.getPrivatePEM();
  const pkcs8 = createPrivateKey(pem).export({ type: "pkcs8", format: "pem" });
  const blob = key.getPublicSSH();
  const md5 = createHash("md5").update(blob).digest("hex");
  const sha256 = createHash("sha256").update(blob).digest("base64").replace(/=+$/, "");
  return {
    id: createHash("sha1").update(blob).digest("hex"),
    privateKeyPem: withNewline(pem),
    privateKeyPemPkcs8: withNewline(pkcs8.toString()),
    privateKeyOpenssh: withNewline(openssh),
    publicKeyPem: withNewline(key.getPublicPEM()),
    publicKeyOpenssh: `${key.type} ${blob.toString("base64")}\n`,
    publicKeyFingerprintMd5: md5.match(/../g)?.join(":"),
    publicKeyFingerprintSha256: `SHA256:${sha256}`,
  };
};

export const tls: Record<string, Executor> = {
  "tls:index/privateKey:PrivateKey": privateKey,
};

/** ssh2 1.17 leaves the leading zero byte out of 1 in 256 keys, which then nobody can read. */
function generate(): { openssh: string; key: ParsedKey } {
  for (;;) {
    const openssh = utils.generateKeyPairSync("ed25519").private;
    const key = utils.parseKey(openssh);
    if (!(key instanceof Error)) {
      return { openssh, key };
    }
  }
}

/** PEM blocks end in a newline, as the provider's do. */
function withNewline(pem: string): string {
  return `${pem.trimEnd()}\n`;
}

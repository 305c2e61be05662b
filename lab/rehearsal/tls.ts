/** @pulumi/tls 5.6.1: keys in every form that its provider gives, and certificates of them. */
import "reflect-metadata"; // which @peculiar/x509 asks for
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  randomBytes,
  webcrypto,
  type KeyObject,
} from "node:crypto";
import * as x509 from "@peculiar/x509";
import { utils, type ParsedKey } from "ssh2";
import { z } from "zod";
import { readInputs, type Executor, type Outputs } from "./executor";

// ED25519 for SSH, ECDSA for X.509: no other is used.
const privateKeyInputs = z.discriminatedUnion("algorithm", [
  z.strictObject({ algorithm: z.literal("ED25519") }),
  z.strictObject({ algorithm: z.literal("ECDSA"), ecdsaCurve: z.literal("P256") }),
]);

const privateKey: Executor = async (task) => {
  const { algorithm } = readInputs(privateKeyInputs, task);
  const { openssh, key } = generate(algorithm);
  // Not ssh2's own PEM: it pads ECDSA keys with a zero byte.
  const inPem = (type: "pkcs8" | "sec1") =>
    withNewline(createPrivateKey(key.getPrivatePEM()).export({ type, format: "pem" }).toString());
  const blob = key.getPublicSSH();
  const md5 = createHash("md5").update(blob).digest("hex");
  const sha256 = createHash("sha256").update(blob).digest("base64").replace(/=+$/, "");
  return {
    id: createHash("sha1").update(blob).digest("hex"),
    privateKeyPem: inPem(algorithm === "ECDSA" ? "sec1" : "pkcs8"),
    privateKeyPemPkcs8: inPem("pkcs8"),
    privateKeyOpenssh: withNewline(openssh),
    publicKeyPem: withNewline(key.getPublicPEM()),
    publicKeyOpenssh: `${key.type} ${blob.toString("base64")}\n`,
    publicKeyFingerprintMd5: md5.match(/../g)?.join(":"),
    publicKeyFingerprintSha256: `SHA256:${sha256}`,
  };
};

/** How ECDSA keys on this curve sign, for Web Crypto. */
const ECDSA_P256 = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

const KEY_USAGES = {
  digital_signature: x509.KeyUsageFlags.digitalSignature,
  content_commitment: x509.KeyUsageFlags.nonRepudiation,
  key_encipherment: x509.KeyUsageFlags.keyEncipherment,
  data_encipherment: x509.KeyUsageFlags.dataEncipherment,
  key_agreement: x509.KeyUsageFlags.keyAgreement,
  cert_signing: x509.KeyUsageFlags.keyCertSign,
  crl_signing: x509.KeyUsageFlags.cRLSign,
};
const EXTENDED_KEY_USAGES = {
  server_auth: x509.ExtendedKeyUsage.serverAuth,
  client_auth: x509.ExtendedKeyUsage.clientAuth,
};
type KeyUsage = keyof typeof KEY_USAGES;
type ExtendedKeyUsage = keyof typeof EXTENDED_KEY_USAGES;

const subject = z.strictObject({
  commonName: z.string(),
  organization: z.string().optional(),
});

const certificateInputs = z.strictObject({
  validityPeriodHours: z.int().nonnegative(),
  /** Accepted but without effect here: it concerns a later `up`. */
  earlyRenewalHours: z.int().nonnegative().optional(),
  allowedUses: z.array(
    z.enum([
      ...(Object.keys(KEY_USAGES) as KeyUsage[]),
      ...(Object.keys(EXTENDED_KEY_USAGES) as ExtendedKeyUsage[]),
    ]),
  ),
  isCaCertificate: z.boolean().default(false),
  setSubjectKeyId: z.boolean().default(false),
});

const selfSignedCertInputs = certificateInputs.extend({ privateKeyPem: z.string(), subject });

const certRequestInputs = z.strictObject({
  privateKeyPem: z.string(),
  subject,
  dnsNames: z.array(z.string()).default([]),
  ipAddresses: z.array(z.union([z.ipv4(), z.ipv6()])).default([]),
});

const locallySignedCertInputs = certificateInputs.extend({
  certRequestPem: z.string(),
  caPrivateKeyPem: z.string(),
  caCertPem: z.string(),
});

const selfSignedCert: Executor = async (task) => {
  const inputs = readInputs(selfSignedCertInputs, task);
  const keys = await importKeys(inputs.privateKeyPem);
  const name = distinguishedName(inputs.subject);
  const outputs = await sign(inputs, {
    subject: name,
    issuer: name,
    publicKey: keys.publicKey,
    signingKey: keys.privateKey,
  });
  return { ...outputs, keyAlgorithm: "ECDSA" };
};

const certRequest: Executor = async (task) => {
  const { privateKeyPem, subject, dnsNames, ipAddresses } = readInputs(certRequestInputs, task);
  const names = [
    ...dnsNames.map((value) => ({ type: "dns" as const, value })),
    ...ipAddresses.map((value) => ({ type: "ip" as const, value })),
  ];
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: distinguishedName(subject),
    keys: await importKeys(privateKeyPem),
    signingAlgorithm: ECDSA_P256,
    extensions: names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : [],
  });
  return {
    id: createHash("sha1").update(Buffer.from(request.rawData)).digest("hex"),
    certRequestPem: withNewline(request.toString("pem")),
    keyAlgorithm: "ECDSA",
  };
};

const locallySignedCert: Executor = async (task) => {
  const inputs = readInputs(locallySignedCertInputs, task);
  const request = new x509.Pkcs10CertificateRequest(inputs.certRequestPem);
  const ca = new x509.X509Certificate(inputs.caCertPem);
  const caKeyId = ca.getExtension(x509.SubjectKeyIdentifierExtension)?.keyId;
  const outputs = await sign(
    inputs,
    {
      subject: request.subjectName,
      issuer: ca.subjectName,
      publicKey: request.publicKey,
      signingKey: (await importKeys(inputs.caPrivateKeyPem)).privateKey,
    },
    [
      ...request.extensions.filter((one) => one instanceof x509.SubjectAlternativeNameExtension),
      ...(caKeyId ? [new x509.AuthorityKeyIdentifierExtension(caKeyId)] : []),
    ],
  );
  return { ...outputs, caKeyAlgorithm: "ECDSA" };
};

export const tls: Record<string, Executor> = {
  "tls:index/privateKey:PrivateKey": privateKey,
  "tls:index/selfSignedCert:SelfSignedCert": selfSignedCert,
  "tls:index/certRequest:CertRequest": certRequest,
  "tls:index/locallySignedCert:LocallySignedCert": locallySignedCert,
};

/** Makes a certificate that is valid from now on, with what every certificate has in it. */
async function sign(
  inputs: z.infer<typeof certificateInputs>,
  parties: Required<
    Pick<x509.X509CertificateCreateWithKeyParams, "subject" | "issuer" | "publicKey" | "signingKey">
  >,
  extensions: x509.Extension[] = [],
): Promise<Outputs> {
  const { allowedUses, isCaCertificate, setSubjectKeyId, validityPeriodHours } = inputs;
  const usages = allowedUses.filter((use) => use in KEY_USAGES) as KeyUsage[];
  const extended = allowedUses.filter((use) => use in EXTENDED_KEY_USAGES) as ExtendedKeyUsage[];
  const all = [
    new x509.BasicConstraintsExtension(isCaCertificate, undefined, true),
    ...(usages.length > 0 ? [keyUsages(usages)] : []),
    ...(extended.length > 0
      ? [new x509.ExtendedKeyUsageExtension(extended.map((use) => EXTENDED_KEY_USAGES[use]))]
      : []),
    ...(isCaCertificate || setSubjectKeyId
      ? [await x509.SubjectKeyIdentifierExtension.create(parties.publicKey)]
      : []),
    ...extensions,
  ];
  const serial = randomBytes(16);
  serial[0] = (serial[0]! & 0x7f) | 0x40; // positive, and of full length
  // X.509 knows no fractions of a second.
  const notBefore = new Date(Math.floor(Date.now() / 1000) * 1000);
  const notAfter = new Date(notBefore.getTime() + validityPeriodHours * 3_600_000);
  const certificate = await x509.X509CertificateGenerator.create({
    ...parties,
    serialNumber: serial.toString("hex"),
    notBefore,
    notAfter,
    signingAlgorithm: ECDSA_P256,
    extensions: all,
  });
  return {
    id: BigInt(`0x${serial.toString("hex")}`).toString(),
    certPem: withNewline(certificate.toString("pem")),
    validityStartTime: notBefore.toISOString(),
    validityEndTime: notAfter.toISOString(),
    readyForRenewal: false,
  };
}

function keyUsages(usages: KeyUsage[]): x509.Extension {
  const flags = usages.reduce((sum, use) => sum | KEY_USAGES[use], 0);
  return new x509.KeyUsagesExtension(flags, true);
}

/** In the provider's order. */
function distinguishedName({ commonName, organization }: z.infer<typeof subject>): x509.JsonName {
  return [...(organization === undefined ? [] : [{ O: [organization] }]), { CN: [commonName] }];
}

/** A key pair for Web Crypto, of a private key in any form that Node reads. */
async function importKeys(privateKeyPem: string): Promise<webcrypto.CryptoKeyPair> {
  const key = createPrivateKey(privateKeyPem);
  if (key.asymmetricKeyDetails?.namedCurve !== "prime256v1") {
    throw new Error("the rehearsal engine makes certificates with ECDSA keys on P256 only");
  }
  const { subtle } = webcrypto;
  const der = (object: KeyObject, type: "pkcs8" | "spki") => object.export({ type, format: "der" });
  return {
    privateKey: await subtle.importKey("pkcs8", der(key, "pkcs8"), ECDSA_P256, false, ["sign"]),
    publicKey: await subtle.importKey("spki", der(createPublicKey(key), "spki"), ECDSA_P256, true, [
      "verify",
    ]),
  };
}

/** ssh2 1.17 leaves the leading zero byte out of 1 in 256 keys, which then nobody can read. */
function generate(algorithm: "ED25519" | "ECDSA"): { openssh: string; key: ParsedKey } {
  for (;;) {
    const { private: openssh } =
      algorithm === "ECDSA"
        ? utils.generateKeyPairSync("ecdsa", { bits: 256 })
        : utils.generateKeyPairSync("ed25519");
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

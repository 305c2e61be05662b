/** Certificates for the questions that an engine should refuse to answer. */
// The library needs it, and before itself.
import "reflect-metadata";
import { createPrivateKey, webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";

const { subtle } = webcrypto;
const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const HOUR = 3600 * 1000;

/** A certificate and its key, both PEM. */
export interface Certificate {
  cert: string;
  key: string;
}

/** An authority that is called like the one given, but is not it: it has a key of its own. */
export async function impostorOf(ca: string): Promise<Certificate> {
  const keys = await subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: new x509.X509Certificate(ca).subject,
    keys,
    signingAlgorithm: ALGORITHM,
    notBefore: new Date(Date.now() - HOUR),
    notAfter: new Date(Date.now() + HOUR),
    extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
  });
  return { cert: certificate.toString("pem"), key: await keyPem(keys.privateKey) };
}

/**
 * A client certificate, valid for an hour from `notBefore`.
 *
 * @param authority its key is an ECDSA key on the curve P-256
 */
export async function clientCertificate(
  authority: Certificate,
  notBefore = new Date(Date.now() - HOUR / 2),
): Promise<Certificate> {
  const pkcs8 = createPrivateKey(authority.key).export({ type: "pkcs8", format: "der" });
  const signingKey = await subtle.importKey("pkcs8", pkcs8, ALGORITHM, false, ["sign"]);
  const keys = await subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.create({
    subject: "CN=conformance",
    issuer: new x509.X509Certificate(authority.cert).subject,
    publicKey: keys.publicKey,
    signingKey,
    signingAlgorithm: ALGORITHM,
    notBefore,
    notAfter: new Date(notBefore.getTime() + HOUR),
    extensions: [new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth])],
  });
  return { cert: certificate.toString("pem"), key: await keyPem(keys.privateKey) };
}

async function keyPem(key: webcrypto.CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await subtle.exportKey("pkcs8", key), "PRIVATE KEY");
}

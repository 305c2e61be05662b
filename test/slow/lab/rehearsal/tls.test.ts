import "reflect-metadata"; // which @peculiar/x509 asks for
import { createPrivateKey, createPublicKey, X509Certificate } from "node:crypto";
import { tmpdir } from "node:os";
import * as x509 from "@peculiar/x509";
import { utils, type ParsedKey } from "ssh2";
import type { Outputs } from "../../../../lab/rehearsal/executor";
import { tls } from "../../../../lab/rehearsal/tls";

function make(type: string, inputs: Record<string, unknown>): Promise<Outputs> {
  const [executor] = Object.entries(tls)
    .filter(([token]) => token.endsWith(`:${type}`))
    .map(([, executor]) => executor);
  const signal = AbortSignal.timeout(20_000);
  return executor!({
    type,
    name: "x",
    inputs,
    provider: undefined,
    projectDir: tmpdir(),
    signal,
  });
}

const ecdsa = () => make("PrivateKey", { algorithm: "ECDSA", ecdsaCurve: "P256" });

describe("PrivateKey", () => {
  test.each([
    ["ED25519", {}, "ed25519", "ssh-ed25519", "PRIVATE KEY"],
    ["ECDSA", { ecdsaCurve: "P256" }, "ec", "ecdsa-sha2-nistp256", "EC PRIVATE KEY"],
  ])("%s has every form of the same key", async (algorithm, more, type, ssh, label) => {
    const key = await make("PrivateKey", { algorithm, ...more });
    expect(key.privateKeyPem).toMatch(new RegExp(`^-----BEGIN ${label}-----\n`));
    const read = createPrivateKey(String(key.privateKeyPem));
    expect(read.asymmetricKeyType).toBe(type);
    expect(createPrivateKey(String(key.privateKeyPemPkcs8)).equals(read)).toBe(true);
    expect(createPublicKey(String(key.publicKeyPem)).equals(createPublicKey(read))).toBe(true);
    const openssh = utils.parseKey(String(key.privateKeyOpenssh));
    expect(openssh).not.toBeInstanceOf(Error);
    expect((openssh as ParsedKey).getPublicSSH().toString("base64")).toBe(
      String(key.publicKeyOpenssh).split(" ")[1]?.trim(),
    );
    expect(key.publicKeyOpenssh).toMatch(new RegExp(`^${ssh} `));
  });

  test.each([
    [{ algorithm: "RSA" }],
    [{ algorithm: "ECDSA" }],
    [{ algorithm: "ECDSA", ecdsaCurve: "P384" }],
  ])("refuses %j", async (inputs) => {
    await expect(make("PrivateKey", inputs)).rejects.toThrow("cannot honour");
  });
});

describe("a chain of certificates", () => {
  let caKey: Outputs;
  let ca: Outputs;
  let key: Outputs;
  let request: Outputs;

  beforeAll(async () => {
    [caKey, key] = await Promise.all([ecdsa(), ecdsa()]);
    ca = await make("SelfSignedCert", {
      privateKeyPem: caKey.privateKeyPem,
      subject: { commonName: "dev CA", organization: "pulumi-swarm" },
      isCaCertificate: true,
      validityPeriodHours: 48,
      earlyRenewalHours: 24,
      allowedUses: ["cert_signing", "crl_signing", "digital_signature"],
    });
    request = await make("CertRequest", {
      privateKeyPem: key.privateKeyPem,
      subject: { commonName: "mg0" },
      dnsNames: ["mg0", "localhost"],
      ipAddresses: ["192.168.123.10", "fd00::1"],
    });
  });

  const locallySigned = (more: Record<string, unknown>) =>
    make("LocallySignedCert", {
      certRequestPem: request.certRequestPem,
      caPrivateKeyPem: caKey.privateKeyPem,
      caCertPem: ca.certPem,
      validityPeriodHours: 24,
      allowedUses: [],
      ...more,
    });

  test("begins with a CA that signed itself", () => {
    const cert = new X509Certificate(String(ca.certPem));
    expect(cert.ca).toBe(true);
    expect(cert.subject).toBe("O=pulumi-swarm\nCN=dev CA");
    expect(cert.issuer).toBe(cert.subject);
    expect(cert.verify(cert.publicKey)).toBe(true);
    expect(cert.checkPrivateKey(createPrivateKey(String(caKey.privateKeyPem)))).toBe(true);
  });

  test("goes on to a certificate for the request's names", async () => {
    const cert = new X509Certificate(String((await locallySigned({})).certPem));
    const authority = new X509Certificate(String(ca.certPem));
    expect(cert.checkIssued(authority)).toBe(true);
    expect(cert.verify(authority.publicKey)).toBe(true);
    expect(cert.ca).toBe(false);
    expect(cert.subject).toBe("CN=mg0");
    expect(cert.checkIP("192.168.123.10")).toBe("192.168.123.10");
    expect(cert.checkIP("fd00::1")).toBe("fd00::1");
    expect(cert.checkIP("192.168.123.11")).toBeUndefined();
    expect(cert.checkHost("localhost")).toBe("localhost");
    expect(cert.checkPrivateKey(createPrivateKey(String(key.privateKeyPem)))).toBe(true);
  });

  test("says when it is valid, in the certificate and in the outputs", async () => {
    const outputs = await locallySigned({ validityPeriodHours: 24, earlyRenewalHours: 12 });
    const cert = new X509Certificate(String(outputs.certPem));
    const from = new Date(String(outputs.validityStartTime)).getTime();
    const to = new Date(String(outputs.validityEndTime)).getTime();
    expect(new Date(cert.validFrom).getTime()).toBe(from);
    expect(new Date(cert.validTo).getTime()).toBe(to);
    expect(to - from).toBe(24 * 3_600_000);
    expect(Math.abs(Date.now() - from)).toBeLessThan(20_000);
    expect(outputs).toMatchObject({
      readyForRenewal: false,
      caKeyAlgorithm: "ECDSA",
      id: BigInt(`0x${cert.serialNumber}`).toString(),
    });
  });

  test.each([
    ["server", ["digital_signature", "key_encipherment", "server_auth"], "1.3.6.1.5.5.7.3.1", 5],
    ["client", ["digital_signature", "client_auth"], "1.3.6.1.5.5.7.3.2", 1],
  ])("has the uses of a %s", async (_what, allowedUses, extended, usages) => {
    const { certPem } = await locallySigned({ allowedUses });
    expect(new X509Certificate(String(certPem)).keyUsage).toEqual([extended]);
    const cert = new x509.X509Certificate(String(certPem));
    const flags = cert.getExtension(x509.KeyUsagesExtension);
    expect(flags).toMatchObject({ usages, critical: true });
  });

  test.each([
    ["an unknown use", { allowedUses: ["flying"] }],
    ["a property that it does not know", { maxPathLength: 1 }],
    ["a validity that is no number of hours", { validityPeriodHours: 1.5 }],
  ])("refuses %s", async (_what, more) => {
    await expect(locallySigned(more)).rejects.toThrow("cannot honour");
  });

  test("refuses keys that are not on P256", async () => {
    const { privateKeyPem } = await make("PrivateKey", { algorithm: "ED25519" });
    await expect(locallySigned({ caPrivateKeyPem: privateKeyPem })).rejects.toThrow("on P256 only");
  });

  test("refuses an address that is none", async () => {
    const inputs = { privateKeyPem: key.privateKeyPem, subject: { commonName: "x" } };
    const asked = make("CertRequest", { ...inputs, ipAddresses: ["10.0.0.300"] });
    await expect(asked).rejects.toThrow("cannot honour");
  });
});

import dgram from "node:dgram";
import { once } from "node:events";
import http from "node:http";
import https from "node:https";
import net, { type AddressInfo } from "node:net";
import { askEngine, daysLeft, expectRefusal } from "../../../conformance/api";
import { clientCertificate, impostorOf, type Certificate } from "../../../conformance/certificates";
import { askDns, get, isOpen } from "../../../conformance/probes";
import { expectAnswer } from "../../../conformance/services";
import type { Outputs } from "../../../lab/rehearsal/executor";
import { tls } from "../../../lab/rehearsal/tls";

const here = "127.0.0.1";
const servers: net.Server[] = [];
afterEach(() => servers.splice(0).forEach((server) => server.close()));

async function listen(server: net.Server): Promise<number> {
  servers.push(server.listen(0, here));
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** A port that nothing listens on. */
async function closedPort(): Promise<number> {
  const server = net.createServer();
  const port = await listen(server);
  server.close();
  await once(server, "close");
  return port;
}

test("a port is open when something accepts, and closed otherwise", async () => {
  expect(await isOpen(here, await listen(net.createServer()))).toBe(true);
  expect(await isOpen(here, await closedPort())).toBe(false);
});

test("requests come one a connection", async () => {
  const ports = new Set<number>();
  const server = http.createServer((request, response) => {
    ports.add(request.socket.remotePort!);
    response.end("mg0\n");
  });
  const port = await listen(server);
  for (let i = 0; i < 3; i++) {
    expect(await get({ host: here, port })).toMatchObject({ status: 200, body: "mg0\n" });
  }
  expect(ports.size).toBe(3);
});

describe("a service's port", () => {
  const web = { service: "web", mode: "ingress", protocol: "tcp", target: 80 } as const;

  test("answers with any status but a server's error", async () => {
    const status = (code: number) =>
      http.createServer((_, response) => response.writeHead(code).end());
    await expectAnswer(here, { ...web, published: await listen(status(404)) });
    const published = await listen(status(502));
    await expect(expectAnswer(here, { ...web, published })).rejects.toThrow(
      `${here}:${published}/tcp (web): HTTP status 502`,
    );
  });

  test("that accepts and then hangs up is no answer", async () => {
    const published = await listen(net.createServer((socket) => socket.destroy()));
    await expect(expectAnswer(here, { ...web, published })).rejects.toThrow(/socket hang up|RESET/);
  });
});

describe("a DNS server", () => {
  const refusal = (query: Buffer) =>
    Buffer.concat([query.subarray(0, 2), Buffer.from("8185", "hex")]);
  const dns = { service: "dns-cache", mode: "host", target: 53 } as const;
  let socket: dgram.Socket;

  async function bind(reply: (query: Buffer) => Buffer | undefined): Promise<number> {
    socket = dgram.createSocket("udp4");
    socket.on("message", (query, { port }) => {
      const message = reply(query);
      if (message) socket.send(message, port, here);
    });
    socket.bind(0, here);
    await once(socket, "listening");
    return socket.address().port;
  }

  test("answers by UDP, even if it refuses", async () => {
    const published = await bind(refusal);
    await expectAnswer(here, { ...dns, protocol: "udp", published });
    socket.close();
  });

  test("answers by TCP", async () => {
    const server = net.createServer((client) =>
      client.once("data", (data: Buffer) =>
        client.end(Buffer.concat([Buffer.from([0, 4]), refusal(data.subarray(2))])),
      ),
    );
    await expectAnswer(here, { ...dns, protocol: "tcp", published: await listen(server) });
  });

  test("that is silent, or is something else, does not", async () => {
    const silent = await bind(() => undefined);
    await expect(askDns(here, silent, "udp", 0.2)).rejects.toThrow("no DNS reply in 0.2 s");
    socket.close();
    const other = await bind(() => Buffer.from("hello"));
    await expect(askDns(here, other, "udp", 2)).rejects.toThrow("is no DNS message");
    socket.close();
  });

  test("that is not there is refused at once", async () => {
    const port = await bind(() => undefined);
    socket.close();
    await expect(askDns(here, port, "udp")).rejects.toThrow("ECONNREFUSED");
  });
});

describe("an engine's TLS API", () => {
  let ca: Certificate;
  let server: Certificate;
  let client: Certificate;

  /** Makes a resource of the provider `tls`, as the lab does. */
  async function make(type: string, inputs: Record<string, unknown>): Promise<Outputs> {
    return tls[`tls:index/${type[0]!.toLowerCase()}${type.slice(1)}:${type}`]!({
      ...{ name: type, type, provider: undefined, projectDir: here, inputs },
      signal: AbortSignal.timeout(10_000),
    });
  }

  beforeAll(async () => {
    const validity = { validityPeriodHours: 48, earlyRenewalHours: 0 };
    const key = async () =>
      String((await make("PrivateKey", { algorithm: "ECDSA", ecdsaCurve: "P256" })).privateKeyPem);
    const [caKey, serverKey] = await Promise.all([key(), key()]);
    const { certPem } = await make("SelfSignedCert", {
      ...{ privateKeyPem: caKey, subject: { commonName: "swarm" }, isCaCertificate: true },
      ...{ allowedUses: ["cert_signing"], setSubjectKeyId: true, ...validity },
    });
    ca = { cert: String(certPem), key: caKey };
    const { certRequestPem } = await make("CertRequest", {
      ...{ privateKeyPem: serverKey, subject: { commonName: "mg0" }, ipAddresses: [here] },
    });
    const signed = await make("LocallySignedCert", {
      ...{ certRequestPem, caPrivateKeyPem: ca.key, caCertPem: ca.cert },
      ...{ allowedUses: ["server_auth"], ...validity },
    });
    server = { cert: String(signed.certPem), key: serverKey };
    client = await clientCertificate(ca);
  });

  /** As dockerd with `--tlsverify`, or, without `verify`, open to everyone. */
  async function engine(verify = true): Promise<string> {
    const api = https.createServer(
      { ...server, ca: ca.cert, requestCert: true, rejectUnauthorized: verify },
      (_, response) => response.end('{"Swarm":{"NodeID":"x"}}'),
    );
    return `tcp://${here}:${await listen(api)}`;
  }

  const certificates: [string, () => Promise<Certificate | undefined>][] = [
    ["no certificate", async () => undefined],
    ["another CA of the same name", async () => clientCertificate(await impostorOf(ca.cert))],
    ["an expired one", () => clientCertificate(ca, new Date(Date.now() - 2 * 3600 * 1000))],
  ];

  test("answers with the right certificate, and shows its own", async () => {
    const answer = await askEngine(await engine(), ca.cert, client);
    expect(answer).toMatchObject({ status: 200, body: '{"Swarm":{"NodeID":"x"}}' });
    expect(daysLeft(answer.certificate.valid_to!)).toBeGreaterThanOrEqual(1);
    expect(daysLeft(answer.certificate.valid_to!)).toBeLessThanOrEqual(2);
  });

  test.each(certificates)("that refuses %s is seen to refuse it", async (who, certificate) => {
    await expectRefusal(await engine(), ca.cert, who, await certificate());
  });

  test.each(certificates)("that takes %s is seen to take it", async (who, certificate) => {
    const api = await engine(false);
    await expect(expectRefusal(api, ca.cert, who, await certificate())).rejects.toThrow(
      `${api} answered ${who} with HTTP status 200`,
    );
  });

  test("that takes the right certificate is no refusal", async () => {
    await expect(expectRefusal(await engine(), ca.cert, "us", client)).rejects.toThrow(
      "answered us with HTTP status 200",
    );
  });

  test("that is not there, or is another's, is no refusal", async () => {
    const nobody = `tcp://${here}:${await closedPort()}`;
    await expect(expectRefusal(nobody, ca.cert, "us", client)).rejects.toThrow(
      /did not refuse us: .*ECONNREFUSED/,
    );
    const other = await impostorOf(ca.cert);
    await expect(expectRefusal(await engine(), other.cert, "us", client)).rejects.toThrow(
      /did not refuse us: .*(signature|verify)/,
    );
  });
});

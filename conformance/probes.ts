/** Questions over the network, from the machine that checks. Each has a bound. */
import dgram from "node:dgram";
import { once } from "node:events";
import http from "node:http";
import https from "node:https";
import net from "node:net";
import type { PeerCertificate, TLSSocket } from "node:tls";

/** A port that does not answer this long is closed: firewalls drop rather than refuse. */
const CONNECT_SECONDS = 3;
/** For an answer from a service on an emulated node. */
const ANSWER_SECONDS = 15;

/** Whether something accepts connections there. Closed is refused, unreachable or silent. */
export async function isOpen(host: string, port: number): Promise<boolean> {
  const socket = net.connect({ host, port });
  try {
    await once(socket, "connect", { signal: AbortSignal.timeout(CONNECT_SECONDS * 1000) });
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

export interface HttpAnswer {
  status: number;
  body: string;
  /** The server's certificate; empty without TLS. */
  certificate: Partial<PeerCertificate>;
}

/**
 * `GET`, or the method that the options say, on a connection of its own (no keep-alive), over TLS when
 * they say `https:`.
 */
export function get(options: https.RequestOptions, content?: string): Promise<HttpAnswer> {
  const { request } = options.protocol === "https:" ? https : http;
  const signal = AbortSignal.timeout(ANSWER_SECONDS * 1000);
  return new Promise((resolve, reject) => {
    const fail = (error: Error) =>
      reject(signal.aborted ? new Error(`no answer in ${ANSWER_SECONDS} s`) : error);
    const sent = request({ ...options, agent: false, signal }, (response) => {
      const socket = response.socket as TLSSocket;
      const certificate = options.protocol === "https:" ? socket.getPeerCertificate() : {};
      const body: Buffer[] = [];
      response.on("data", (chunk: Buffer) => body.push(chunk));
      response.on("error", fail);
      response.on("end", () => {
        const text = Buffer.concat(body).toString();
        resolve({ status: response.statusCode!, body: text, certificate });
      });
    });
    sent.on("error", fail);
    sent.end(content);
  });
}

/**
 * A DNS query for the name servers of the root: every DNS server has some reply to it, if only that
 * it refuses. ID abcd, recursion wanted, one question: root, type NS, class IN.
 */
const DNS_QUERY = Buffer.from("abcd01000001000000000000" + "0000020001", "hex");

/** Resolves when a DNS server has replied, whatever its reply. */
export async function askDns(
  host: string,
  port: number,
  protocol: "tcp" | "udp",
  seconds = ANSWER_SECONDS,
): Promise<void> {
  const signal = AbortSignal.timeout(seconds * 1000);
  try {
    const reply = await (protocol === "udp" ? dnsByUdp : dnsByTcp)(host, port, signal);
    if (reply.subarray(0, 2).toString("hex") !== "abcd") {
      throw new Error(`it replied ${reply.toString("hex")}, which is no DNS message`);
    }
  } catch (error) {
    throw signal.aborted ? new Error(`no DNS reply in ${seconds} s`) : error;
  }
}

async function dnsByUdp(host: string, port: number, signal: AbortSignal): Promise<Buffer> {
  const socket = dgram.createSocket("udp4");
  try {
    // Connected, so that a closed port is told from silence.
    socket.connect(port, host);
    await once(socket, "connect", { signal });
    socket.send(DNS_QUERY);
    const [reply] = await once(socket, "message", { signal });
    return reply;
  } finally {
    socket.close();
  }
}

async function dnsByTcp(host: string, port: number, signal: AbortSignal): Promise<Buffer> {
  const socket = net.connect({ host, port });
  try {
    await once(socket, "connect", { signal });
    // Over TCP, two bytes of length come before the message.
    socket.write(Buffer.concat([Buffer.from([0, DNS_QUERY.length]), DNS_QUERY]));
    const [reply] = await once(socket, "data", { signal });
    return reply.subarray(2);
  } finally {
    socket.destroy();
  }
}

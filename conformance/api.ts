import { X509Certificate } from "node:crypto";
import type { StackOutputs } from "../stacks/outputs";
import { clientCertificate, impostorOf, type Certificate } from "./certificates";
import { eventually, expectEach, expectNone, expectSame, type Check } from "./check";
import { get, isOpen, type HttpAnswer } from "./probes";

const TLS_PORT = 2376;
const PLAIN_PORT = 2375;
const DAY = 24 * 3600 * 1000;

/** Where the managers' TLS API answers, as `tcp://ADDRESS:PORT`. */
export function apiAddresses({ apiHosts, apiOutside, nodes }: StackOutputs): string[] {
  const outside = nodes
    .filter(({ role }) => apiOutside && role === "manager")
    .map(({ ingressAddress }) => `tcp://${ingressAddress}:${TLS_PORT}`);
  return [...new Set([...apiHosts, ...outside])];
}

/** Asks an engine's TLS API who it is, with a client certificate or without. */
export async function askEngine(
  api: string,
  ca: string,
  client?: Certificate,
): Promise<HttpAnswer> {
  const { hostname, port } = new URL(api);
  return get({ protocol: "https:", host: hostname, port, path: "/info", ca, ...client });
}

/** Resolves when an engine refuses the client for its certificate; `who` is for the message. */
export async function expectRefusal(
  api: string,
  ca: string,
  who: string,
  client?: Certificate,
): Promise<void> {
  let answer: HttpAnswer;
  try {
    answer = await askEngine(api, ca, client);
  } catch (error) {
    const { code = "", message } = error as NodeJS.ErrnoException;
    // The engine's alert, or the end of the connection where that overtook it.
    if (/ALERT|ECONNRESET|EPIPE/.test(code)) return;
    throw new Error(`${api} did not refuse ${who}: ${message}`, { cause: error });
  }
  throw new Error(`${api} answered ${who} with HTTP status ${answer.status}`);
}

/** Whole days until a certificate (PEM, or what Node says of a peer's) is no longer valid. */
export function daysLeft(validTo: string, now = Date.now()): number {
  return Math.floor((Date.parse(validTo) - now) / DAY);
}

const answers: Check = {
  name: "the TLS API answers on every manager with the client certificate",
  async run(cluster) {
    const { outputs, managers } = cluster;
    const engines = new Map<string, string>();
    await expectEach(apiAddresses(outputs), (api) =>
      eventually(async () => {
        const answer = await askEngine(api, outputs.ca, outputs).catch((error: Error) => {
          throw new Error(`${api}: ${error.message}`, { cause: error });
        });
        expectSame(`${api}: HTTP status`, answer.status, 200);
        engines.set(api, JSON.parse(answer.body).Swarm.NodeID);
      }),
    );
    expectSame(
      "nodes that answer",
      [...new Set(engines.values())].sort(),
      managers.map(({ id }) => id).sort(),
    );
    expectSame(
      "dockerHost is one of apiHosts",
      outputs.apiHosts.includes(outputs.dockerHost),
      true,
    );
  },
};

const refuses: Check = {
  name: "the TLS API refuses clients without a certificate and with one of another CA",
  async run(cluster) {
    const { outputs } = cluster;
    const impostor = await clientCertificate(await impostorOf(outputs.ca));
    await expectEach(apiAddresses(outputs), async (api) => {
      await expectRefusal(api, outputs.ca, "a client without a certificate");
      await expectRefusal(api, outputs.ca, "a client with another CA's certificate", impostor);
    });
  },
};

/** Addresses at which an engine must not be reached, as [node, address, port]. */
export function closedToApi({ nodes, apiOutside }: StackOutputs): [string, string, number][] {
  return nodes.flatMap(({ name, role, ingressAddress, advertiseAddress }) => {
    const both = [ingressAddress, advertiseAddress];
    const tls = role === "worker" ? both : apiOutside ? [] : [ingressAddress];
    return [
      ...both.map((address): [string, string, number] => [name, address, PLAIN_PORT]),
      ...tls.map((address): [string, string, number] => [name, address, TLS_PORT]),
    ];
  });
}

const nowhereElse: Check = {
  name: "no engine is reached without TLS, nor where its TLS API should not be open",
  async run(cluster) {
    await expectEach(closedToApi(cluster.outputs), async ([node, address, port]) => {
      if (await isOpen(address, port)) throw new Error(`${node}: ${address}:${port} is open`);
    });
  },
};

const lasting: Check = {
  name: "the certificates of the TLS API are valid for a day at least",
  async run(cluster) {
    const { outputs } = cluster;
    const days: Record<string, number> = {
      CA: daysLeft(new X509Certificate(outputs.ca).validTo),
      client: daysLeft(new X509Certificate(outputs.cert).validTo),
    };
    await expectEach(outputs.apiHosts, async (api) => {
      const { certificate } = await askEngine(api, outputs.ca, outputs).catch((error: Error) => {
        throw new Error(`${api}: ${error.message}`, { cause: error });
      });
      days[new URL(api).hostname] = daysLeft(certificate.valid_to!);
    });
    const each = Object.entries(days);
    expectNone(
      each
        .filter(([, left]) => left < 1)
        .map(
          ([whose, left]) => `${whose}: the certificate has ${left} whole days left; run \`up\``,
        ),
    );
    return `days left: ${each.map(([whose, left]) => `${whose} ${left}`).join(", ")}`;
  },
};

/** The engines' API: who may use it, and from where. */
export const apiChecks: Check[] = [answers, refuses, nowhereElse, lasting];

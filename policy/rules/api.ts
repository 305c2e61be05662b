import { show, type ResourceRule } from "../rule";
import { variable } from "../program";

const PLAIN_PORT = 2375;

interface DockerProvider {
  host?: string;
  caMaterial?: string;
  certMaterial?: string;
  keyMaterial?: string;
  certPath?: string;
}

export const noPlaintextApi: ResourceRule = {
  name: "no-plaintext-api",
  description:
    "Docker's API is on TCP with TLS on both sides only: whoever reaches a plain one is root on " +
    "the machine, without a password.",
  level: "mandatory",
  check(resource) {
    const { type, props } = resource;
    if (type === "pulumi:providers:docker") return providerProblems(props, Object.keys(props));
    return [
      variable(resource, "ENGINE_CONFIG"),
      userData(props.userData),
      decoded(props.userDataBase64),
    ].flatMap((text) => (text === undefined ? [] : engineProblems(text)));
  },
};

/** @param set The properties that are set, known or not. */
function providerProblems(props: DockerProvider, set: string[]): string[] {
  const { host } = props;
  if (host?.startsWith("http://")) return [plain(host)];
  if (!host?.startsWith("tcp://")) return [];
  const material = ["caMaterial", "certMaterial", "keyMaterial"];
  const secured = set.includes("certPath") || material.every((key) => set.includes(key));
  return secured && portOf(host) !== PLAIN_PORT ? [] : [plain(host)];
}

function plain(host: string): string {
  return (
    `host is ${show(host)} without TLS; write port 2376 with caMaterial, certMaterial and ` +
    "keyMaterial, or an ssh:// address"
  );
}

function portOf(host: string): number {
  return Number(/:(\d+)\/?$/.exec(host)?.[1]);
}

/** What is wrong with a daemon.json, or with a text that has one in it. */
function engineProblems(text: string): string[] {
  const hosts = text.match(/(?:tcp|http):\/\/[^\s"',\\]+/g) ?? [];
  const listens = /"hosts"\s*:/.test(text) ? hosts.filter((host) => host.startsWith("tcp:")) : [];
  const verified = /"tlsverify"\s*:\s*true/.test(text);
  const wrong = listens.find((host) => !verified || portOf(host) === PLAIN_PORT);
  return wrong
    ? [
        `the engine listens on ${show(wrong)} without TLS; write port 2376 with "tlsverify": true, ` +
          "tlscacert, tlscert and tlskey",
      ]
    : [];
}

function userData(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function decoded(value: unknown): string | undefined {
  return typeof value === "string" ? Buffer.from(value, "base64").toString() : undefined;
}

import { missingOutputs, stackOutputs, type Engine } from "../program";
import { show, type StackRule } from "../rule";

const PLAIN_PORT = 2375;

interface DockerProvider {
  host?: string;
}

export const noPlaintextApi: StackRule = {
  name: "no-plaintext-api",
  description:
    "Docker's API is on TCP with TLS on both sides only: whoever reaches a plain one is root on " +
    "the machine, without a password.",
  level: "mandatory",
  checkStack: (resources) => [
    ...missingOutputs(resources, "engines"),
    ...resources
      .filter(({ type }) => type === "pulumi:providers:docker")
      .flatMap(({ name, props }) =>
        providerProblems(props, Object.keys(props)).map((message) => ({ name, message })),
      ),
    ...Object.entries(stackOutputs(resources).engines ?? {}).flatMap(([role, engine]) =>
      engineProblems(engine).map((problem) => ({ message: `a ${role}'s engine ${problem}` })),
    ),
  ],
};

/** @param set The properties that are set, known or not. */
function providerProblems({ host }: DockerProvider, set: string[]): string[] {
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

function engineProblems({ hosts = [], tlsverify }: Engine = {}): string[] {
  return hosts
    .filter((host) => host.startsWith("tcp://"))
    .filter((host) => tlsverify !== true || portOf(host) === PLAIN_PORT)
    .map(
      (host) =>
        `listens on ${show(host)} without TLS; write port 2376 with "tlsverify": true, tlscacert, ` +
        "tlscert and tlskey",
    );
}

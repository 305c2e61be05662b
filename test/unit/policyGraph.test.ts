import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Resource } from "../../policy/rule";
import { COMPOSE_FILE, folder, onManager, SMALL, up, useFolder } from "./graphRun";
import { edited, stackOf, violations, type Stack } from "./policyRun";

/** The stack `dev`. */
let dev: Stack;

jest.setTimeout(30_000); // enough for a machine that does other things too

useFolder();
beforeAll(async () => {
  dev = await stackOf(await up());
});

describe("the policies have nothing against", () => {
  test("the stack dev", () => {
    expect(violations(dev)).toEqual([]);
  });

  test.each<[what: string, config: Record<string, string>]>([
    ["one node", SMALL],
    ["five managers", { managers: "5", workers: "0" }],
    ["the API outside", { apiOutside: "true" }],
    [
      "every service",
      {
        portainerMode: "agent",
        visualizer: "true",
        overlayCheck: "true",
        dnsCache: "true",
        composeFile: COMPOSE_FILE,
        externalPortainer: "true",
      },
    ],
    ["no service", { web: "false", portainer: "false" }],
    ["networks that are there", { natNetworkExists: "true", internalNetworkExists: "true" }],
    [
      "another user and a registry mirror",
      { sshUser: "debian", registryMirror: "http://192.0.2.7" },
    ],
  ])("a stack with %s", async (_, config) => {
    expect(violations(await stackOf(await up(config)))).toEqual([]);
  });

  test("a first preview, where nothing is known that providers answer", async () => {
    const stack = await stackOf(await up({}, { preview: true }), { preview: true });
    expect(violations(stack)).toEqual([]);
    // It knows enough to stop a change.
    expect(violations(edited(stack, "dev", node("mg2")))).toEqual([
      expect.stringMatching(/^odd-managers: /),
    ]);
  });
});

/** Sets properties of a resource. */
const set =
  (props: Record<string, unknown>) =>
  (one: Resource): Resource[] => [{ ...one, props: { ...one.props, ...props } }];
const without =
  (key: string) =>
  (one: Resource): Resource[] => {
    const props = Object.entries(one.props).filter(([name]) => name !== key);
    return [{ ...one, props: Object.fromEntries(props) }];
  };
/** Changes the text that a script gets. */
const stdin = (from: string | RegExp, to: string) => (one: Resource) => {
  const text = one.props.stdin as string;
  expect(text).toMatch(from);
  return set({ stdin: text.replace(from, to) })(one);
};
/** Changes a node in the stack's outputs; without changes the node is not there. */
const node = (name: string, changes?: Record<string, unknown>) => (one: Resource) =>
  set({
    nodes: (one.props.nodes as { name: string }[]).flatMap((each) =>
      each.name !== name ? [each] : changes ? [{ ...each, ...changes }] : [],
    ),
  })(one);

describe("a change is stopped by the rule for it", () => {
  const bad = async (config: Record<string, string>) => stackOf(await up(config));
  const composeFile = (name: string, content: object) => {
    const path = join(folder, name);
    writeFileSync(path, JSON.stringify(content));
    return path;
  };

  test.each<[what: string, change: () => Stack | Promise<Stack>, rule: string, message: string]>([
    [
      "an engine that listens without TLS",
      () => edited(dev, "swarm-mg1-ready", stdin('"tlsverify": true,', "")),
      "no-plaintext-api",
      "swarm-mg1-ready: the engine listens on",
    ],
    [
      "an operator's Docker over plain TCP",
      () => bad({ externalPortainer: "true", operatorDocker: "tcp://192.168.1.5:2375" }),
      "no-plaintext-api",
      'services-external-portainer-docker: host is "tcp://192.168.1.5:2375" without TLS',
    ],
    [
      "the managers' port open to everybody",
      () => edited(dev, "swarm-mg2-ready", stdin("{ 22 } accept", "{ 22, 2377 } accept")),
      "no-open-world",
      "swarm-mg2-ready: its firewall has",
    ],
    [
      "a firewall that lets everything in",
      () => edited(dev, "swarm-worker0-ready", stdin("policy drop", "policy accept")),
      "no-open-world",
      'swarm-worker0-ready: its firewall has no "policy drop"',
    ],
    [
      "an ingress network in clear text",
      () => bad({ ingressEncrypted: "false" }),
      "encrypted-ingress",
      'swarm-ingress-network: options of "my-ingress" are',
    ],
    [
      "a compose file with an image that is not pinned",
      () => {
        const services = { shop: { image: "shop:latest" } };
        return bad({ composeFile: composeFile("latest.yaml", { services }) });
      },
      "pinned-images",
      'services-compose-deploy: image "shop:latest" has no fixed version',
    ],
    [
      "one manager less",
      () => edited(dev, "dev", node("mg2")),
      "odd-managers",
      "-: 2 managers is an even number; write 1 or 3",
    ],
    [
      "a manager that goes without leaving",
      () => edited(dev, "swarm-mg1-member", without("delete")),
      "graceful-exit",
      "swarm-mg1-member: delete is not set, so mg1 goes without leaving",
    ],
    [
      "a node that sees itself off",
      () =>
        edited(dev, "swarm-mg1-member", set({ delete: onManager("any", "bash -s -- leave 1 id") })),
      "graceful-exit",
      "which may run on mg1 itself, and that cannot answer when it is gone; write swarm-without-mg1",
    ],
    [
      "a node that advertises its NAT address",
      () => edited(dev, "dev", node("worker1", { advertiseAddress: "192.168.123.21" })),
      "internal-advertise",
      'worker1: advertises "192.168.123.21"',
    ],
    [
      "a swarm that is started on a public address",
      () => edited(dev, "swarm-init", set({ create: "bash -s -- 203.0.113.7 10.0.0.0/8" })),
      "internal-advertise",
      'swarm-init: is told to use "203.0.113.7", which is not private',
    ],
    [
      "a second ingress network",
      () =>
        edited(dev, "swarm-ingress-network", (one) => [
          one,
          {
            ...one,
            name: "second",
            props: { ...one.props, name: "second", ipamConfigs: [{ subnet: "10.12.0.0/16" }] },
          },
        ]),
      "one-ingress-network",
      'second: "second" has ingress: true, as swarm-ingress-network has already',
    ],
    [
      "a join token in clear text",
      () =>
        edited(dev, "swarm-worker0-join", (one) => [{ ...one, secrets: new Set(["connection"]) }]),
      "secrets-marked-secret",
      "swarm-worker0-join: stdin is a join token in clear text",
    ],
    [
      "containers in the machines' network",
      () =>
        edited(
          dev,
          "swarm-ingress-network",
          set({ ipamConfigs: [{ subnet: "192.168.42.128/25" }] }),
        ),
      "no-overlapping-networks",
      "my-ingress (192.168.42.128/25) overlaps docker-machines (192.168.42.0/24)",
    ],
  ])("%s", async (_, change, rule, message) => {
    const found = violations(await change());
    expect([...new Set(found.map((one) => one.split(":")[0]))]).toEqual([rule]);
    expect(found.join("\n")).toContain(message);
  });

  test("several managers at once that do not leave gracefully", () => {
    // As in a preview that replaces them: the machine's identity is not known, its host key is.
    const replaced = edited(dev, /^mg\d$/, set({ identity: undefined }));
    expect(violations(replaced)).toEqual([]);
    const abrupt = edited(replaced, /^swarm-mg\d-member$/, without("delete"));
    expect(violations(abrupt).filter((one) => one.startsWith("one-manager-at-a-time"))).toEqual([
      expect.stringContaining("mg1: mg0, mg1, mg2 are replaced in one update"),
      expect.stringContaining("mg2: mg0, mg1, mg2 are replaced in one update"),
    ]);
  });
});

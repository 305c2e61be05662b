/** The policies on the graph of the program, on both targets: what each of them stops there. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Opening } from "../../../components/swarm/firewall";
import type { Resource } from "../../../policy/rule";
import { resourceRules, stackRules } from "../../../policy/rules";
import { ec2Outputs, upOnEc2 } from "../ec2Run";
import { folder, SMALL, up, useFolder } from "../graphRun";
import { edited, STACK, stackOf, violations, type Stack } from "./run";

type Target = "kvm" | "ec2";
const TARGETS: Target[] = ["kvm", "ec2"];
/** Rules that a target gives nothing to judge, and why. docs/review.md says so too. */
const MEANINGLESS: Record<Target, string[]> = {
  kvm: ["encrypted-disks"], // its disks are files on the hypervisor
  ec2: [],
};

const on = {
  kvm: async (config = {}, options = {}) => stackOf(await up(config, options), options),
  ec2: async (config = {}, options = {}) =>
    stackOf(await upOnEc2(config, options), { ...options, answer: ec2Outputs }),
};

/** The stack `dev`, and the stack `aws`. */
let stacks: Record<Target, Stack>;

jest.setTimeout(60_000); // enough for a machine that does other things too

useFolder();
beforeAll(async () => {
  stacks = { kvm: await on.kvm(), ec2: await on.ec2() };
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
const protect = (one: Resource): Resource[] => [{ ...one, protect: true }];
/** Changes one of the stack's outputs. */
const output = (stack: Stack, name: string, change: (value: never) => unknown) =>
  edited(stack, STACK, (one) => set({ [name]: change(one.props[name] as never) })(one));
/** Changes a node in the stack's outputs; without changes the node is not there. */
const node = (stack: Stack, name: string, change?: (node: Node) => object) =>
  output(stack, "nodes", (nodes: Node[]) =>
    nodes.flatMap((each) =>
      each.name !== name ? [each] : change ? [{ ...each, ...change(each) }] : [],
    ),
  );
interface Node {
  name: string;
  ingressAddress: string;
}
/** Has a node's firewall let in more. */
const opened = (stack: Stack, name: string, opening: Opening) =>
  output(stack, "firewall", (firewall: Record<string, Opening[]>) => ({
    ...firewall,
    [name]: [...firewall[name]!, opening],
  }));

const composeFile = (name: string, content: object) => {
  const path = join(folder, name);
  writeFileSync(path, JSON.stringify(content));
  return path;
};

describe.each(TARGETS)("on %s", (target) => {
  test("a first preview, where nothing is known that providers answer, is good", async () => {
    const stack = await on[target]({}, { preview: true });
    expect(violations(stack)).toEqual([]);
    // It knows enough to stop a change.
    expect(violations(node(stack, "mg2"))).toEqual([expect.stringMatching(/^odd-managers: /)]);
  });

  interface Change {
    rule: string;
    what: string;
    change: (stack: Stack) => Stack | Promise<Stack>;
    message: string;
    /** What else it breaks. */
    also?: string[];
  }
  const both: Change[] = [
    {
      rule: "no-plaintext-api",
      what: "engines that ask nobody for a certificate",
      change: (stack) =>
        output(stack, "engines", ({ manager, worker }: Record<string, object>) => ({
          manager: { ...manager, tlsverify: false },
          worker,
        })),
      message: `a manager's engine listens on "tcp://0.0.0.0:2376" without TLS`,
    },
    {
      rule: "no-plaintext-api",
      what: "a provider over plain TCP",
      change: (stack) => edited(stack, "swarm-provider", set({ host: "tcp://192.168.1.5:2375" })),
      message: 'swarm-provider: host is "tcp://192.168.1.5:2375" without TLS',
    },
    {
      rule: "pinned-images",
      what: "a compose file with an image that is not pinned",
      change: () =>
        on[target]({
          ...SMALL,
          composeFile: composeFile("latest.yaml", { services: { shop: { image: "shop:latest" } } }),
        }),
      message: 'shop: image "shop:latest" has no fixed version',
    },
    {
      rule: "secrets-marked-secret",
      what: "a join token in clear text",
      change: (stack) =>
        edited(stack, "swarm-worker0-join", (one) => [
          { ...one, secrets: new Set(["connection"]) },
        ]),
      message: "swarm-worker0-join: stdin is a join token in clear text",
    },
    {
      rule: "encrypted-ingress",
      what: "an ingress network in clear text",
      change: () => on[target]({ ...SMALL, ingressEncrypted: "false" }),
      message: 'swarm-ingress-network: options of "my-ingress" are',
    },
    {
      rule: "odd-managers",
      what: "one manager less",
      change: (stack) => node(stack, "mg2"),
      message: "-: 2 managers is an even number; write 1 or 3",
    },
    {
      rule: "graceful-exit",
      what: "a manager that goes without leaving",
      change: (stack) => edited(stack, "swarm-mg1-member", without("delete")),
      message: "swarm-mg1-member: delete is not set, so mg1 goes without leaving",
    },
    {
      rule: "one-manager-at-a-time",
      what: "several managers at once that do not leave gracefully",
      // As in a preview that replaces them: the machine's identity is not known, its host key is.
      change: (stack) => {
        const replaced = edited(stack, /^mg\d$/, set({ identity: undefined }));
        expect(violations(replaced)).toEqual([]);
        return edited(replaced, /^swarm-mg\d-member$/, without("delete"));
      },
      message: "mg2: mg0, mg1, mg2 are replaced in one update",
      also: ["graceful-exit"],
    },
    {
      rule: "no-open-world",
      what: "the managers' port open to everybody on a node",
      change: (stack) =>
        opened(stack, "mg2", {
          ...{ protocol: "tcp", ports: [2377], from: ["0.0.0.0/0"] },
          to: "0.0.0.0/0",
        }),
      message: 'mg2: lets "0.0.0.0/0" in to 2377/tcp',
    },
    {
      rule: "no-open-world",
      what: "a machine whose firewall nothing is known of",
      change: (stack) => edited(stack, STACK, without("firewall")),
      message: '-: the stack has no output "firewall"',
    },
    {
      rule: "management-pages",
      what: "a page that the nodes' firewall keeps from nobody",
      change: (stack) =>
        output(stack, "adminPorts", () => ({ ports: [8080], from: ["203.0.113.0/24"] })),
      message: "-: the nodes' firewall does not keep portainer (9000/tcp) to the admin networks",
    },
    {
      rule: "internal-advertise",
      what: "a node that advertises the address that users come in by",
      change: (stack) =>
        node(stack, "worker1", ({ ingressAddress }) => ({ advertiseAddress: ingressAddress })),
      message: "worker1: advertises",
    },
    {
      rule: "internal-advertise",
      what: "a node on a public address",
      change: (stack) => node(stack, "mg0", () => ({ advertiseAddress: "192.0.2.7" })),
      message: 'mg0: advertises "192.0.2.7", which is not private',
    },
    {
      rule: "one-ingress-network",
      what: "a second ingress network",
      change: (stack) =>
        edited(stack, "swarm-ingress-network", (one) => [
          one,
          {
            ...one,
            name: "second",
            props: { ...one.props, name: "second", ipamConfigs: [{ subnet: "10.12.0.0/16" }] },
          },
        ]),
      message: 'second: "second" has ingress: true, as swarm-ingress-network has already',
    },
    {
      rule: "no-overlapping-networks",
      what: "overlay networks where the machines are",
      change: (stack) => output(stack, "overlayAddressPool", () => "192.168.0.0/16"),
      message: "overlaps the overlay networks' address pool (192.168.0.0/16)",
    },
  ];
  const ofTarget: Record<Target, Change[]> = {
    kvm: [
      {
        rule: "no-overlapping-networks",
        what: "containers in the machines' network",
        change: (stack) =>
          edited(
            stack,
            "swarm-ingress-network",
            set({ ipamConfigs: [{ subnet: "192.168.42.128/25" }] }),
          ),
        message: "my-ingress (192.168.42.128/25) overlaps docker-machines (192.168.42.0/24)",
      },
      {
        rule: "no-open-world",
        what: "the managers' port open to the NAT network",
        change: (stack) =>
          opened(stack, "mg2", {
            ...{ protocol: "tcp", ports: [2377], from: ["192.168.123.0/24"] },
            to: "192.168.123.12",
          }),
        message: 'mg2: lets "192.168.123.0/24" in to 2377/tcp',
      },
    ],
    ec2: [
      {
        rule: "encrypted-disks",
        what: "a disk in clear text",
        change: (stack) =>
          edited(stack, "mg0-instance", set({ rootBlockDevice: { encrypted: false } })),
        message: "mg0-instance: rootBlockDevice.encrypted is false",
      },
      {
        rule: "no-open-world",
        what: "SSH for everybody",
        change: (stack) =>
          edited(stack, "security-nodes-in-tcp-22-203.0.113.0-24", set({ cidrIpv4: "0.0.0.0/0" })),
        message: 'security-nodes-in-tcp-22-203.0.113.0-24: lets "0.0.0.0/0" in to 22/tcp',
      },
      {
        rule: "management-pages",
        what: "Portainer for everybody",
        change: (stack) =>
          edited(
            stack,
            "security-nodes-in-tcp-9000-203.0.113.0-24",
            set({ cidrIpv4: "0.0.0.0/0" }),
          ),
        message: 'lets "0.0.0.0/0" in to portainer (9000/tcp), which is a page for administrators',
      },
      {
        rule: "management-pages",
        what: "Portainer for users",
        change: async () => {
          const stack = await on.ec2({ ...SMALL, ec2IngressCidrs: "198.51.100.0/24" });
          return edited(
            stack,
            "security-nodes-in-tcp-9000-203.0.113.0-24",
            set({ cidrIpv4: "198.51.100.0/24" }),
          );
        },
        message: 'lets "198.51.100.0/24" in to portainer (9000/tcp)',
      },
    ],
  };
  const changes = [...both, ...ofTarget[target]];

  test.each(changes)("$rule stops $what", async ({ rule, change, message, also = [] }) => {
    const found = violations(await change(stacks[target]));
    expect([...new Set(found.map((one) => one.split(":")[0]))]).toEqual([...also, rule]);
    expect(found.join("\n")).toContain(message);
  });

  test("protect-manager-disks, which has to be asked for, stops a manager's disk only", () => {
    const rule = stackRules.find(({ name }) => name === "protect-manager-disks")!;
    const kind = { kvm: "disk", ec2: "instance" }[target];
    const names = rule.checkStack(stacks[target].final).map(({ name }) => name);
    expect(names).toEqual(["mg0", "mg1", "mg2"].map((name) => `${name}-${kind}`));
    const safe = edited(stacks[target], new RegExp(`^mg\\d-${kind}$`), protect);
    expect(rule.checkStack(safe.final)).toEqual([]);
  });

  test("every rule that means something here is tried", () => {
    const tried = [...changes.map(({ rule }) => rule), "protect-manager-disks"];
    const all = [...resourceRules, ...stackRules].map(({ name }) => name);
    expect(all.filter((name) => !tried.includes(name))).toEqual(MEANINGLESS[target]);
  });
});

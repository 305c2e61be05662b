import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as settings from "@pulumi/pulumi/runtime/settings";
import { parse } from "yaml";
import { nextNetwork } from "../../../components/machine/addresses";
import { siblingProblems } from "../../../stacks/siblingProblems";
import { stacksInUse } from "../../../stacks/stackFile";
import { config, good, type Values } from "../stacks/configProblems";
import { refused, SMALL, upAnew, useFolder } from "../graphRun";

/** The config that docs/stacks.md has for a second stack beside `dev`, without the namespace. */
const APART = ((): Values => {
  const text = readFileSync(join(__dirname, "../../../docs/stacks.md"), "utf8");
  const [, yaml = ""] = /```yaml\n(.*?)```/s.exec(text) ?? [];
  const { config } = parse(yaml) as { config: Values };
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => [key.replace("pulumi-swarm:", ""), value]),
  );
})();

/** What is wrong with the stack `small` beside a stack `dev`. */
const problems = (changes: Values, dev: Values = {}) =>
  siblingProblems(config({ ...APART, ...changes }), "small", [
    { stack: "dev", config: config(dev) },
  ]);

describe("two stacks go together on one hypervisor", () => {
  const SHARED = {
    natNetworkName: good.natNetworkName!,
    natNetworkBridge: good.natNetworkBridge!,
    natNetworkCidr: good.natNetworkCidr!,
    natNetworkExists: "true",
  };
  const half = (first: number, last: number) => ({
    natNetworkAddresses: `192.168.123.${first}-192.168.123.${last}`,
  });

  test.each<[what: string, small: Values, dev: Values]>([
    ["with names, bridges and subnets of their own, as in docs/stacks.md", {}, {}],
    ["in one pool folder", { poolPath: good.poolPath! }, {}],
    [
      "in one network that is there already, each with addresses of its own",
      { ...SHARED, ...half(10, 120) },
      { natNetworkExists: "true", ...half(121, 250) },
    ],
    [
      "without names of bridges, which exist already",
      { natNetworkBridge: "", natNetworkExists: "true" },
      { natNetworkBridge: "", natNetworkExists: "true" },
    ],
  ])("%s", (_, small, dev) => {
    expect(problems(small, dev)).toEqual([]);
  });

  test("when they are on different ones, with everything the same", () => {
    const own = config();
    const other = config({ libvirtUri: "qemu+ssh://root@kvm2/system" });
    expect(siblingProblems(own, "small", [{ stack: "dev", config: other }])).toEqual([]);
  });

  test.each<[what: string, small: Values, dev: Values, message: string]>([
    [
      "one name for both their NAT networks",
      { natNetworkName: "docker-network" },
      {},
      'natNetworkName: "docker-network" is also that of stack "dev" (Pulumi.dev.yaml); write ' +
        "another name, such as docker-network-small, or set natNetworkExists here and " +
        "natNetworkExists there for a network that both use",
    ],
    [
      "the name of the other's internal network for the NAT network",
      { natNetworkName: "docker-machines" },
      {},
      'natNetworkName: "docker-machines" is also that of stack "dev" (Pulumi.dev.yaml); write ' +
        "another name, such as docker-machines-small, or set natNetworkExists here and " +
        "internalNetworkExists there for a network that both use",
    ],
    [
      "one bridge",
      { internalNetworkBridge: "swarm-int" },
      {},
      'internalNetworkBridge: "swarm-int" is also that of stack "dev" (Pulumi.dev.yaml); write ' +
        "another name, such as small-int",
    ],
    [
      "one subnet",
      {
        natNetworkCidr: "192.168.123.0/24",
        natNetworkAddresses: "192.168.123.10-192.168.123.250",
      },
      {},
      'natNetworkCidr: "192.168.123.0/24" overlaps natNetworkCidr of stack "dev" ' +
        "(Pulumi.dev.yaml: 192.168.123.0/24); write a network outside it, such as " +
        "192.168.124.0/24 (with natNetworkAddresses inside it)",
    ],
    [
      "a subnet of which the other's is a part, where the next one is taken",
      {
        internalNetworkCidr: "192.168.122.0/24",
        internalNetworkAddresses: "192.168.122.10-192.168.122.250",
      },
      {
        internalNetworkCidr: "192.168.122.128/25",
        internalNetworkAddresses: "192.168.122.130-192.168.122.250",
      },
      'internalNetworkCidr: "192.168.122.0/24" overlaps internalNetworkCidr of stack "dev" ' +
        "(Pulumi.dev.yaml: 192.168.122.128/25); write a network outside it, such as " +
        "192.168.125.0/24 (with internalNetworkAddresses inside it)",
    ],
    [
      "the last private subnet",
      {
        natNetworkCidr: "192.168.255.0/24",
        natNetworkAddresses: "192.168.255.10-192.168.255.250",
      },
      {
        natNetworkCidr: "192.168.255.0/24",
        natNetworkAddresses: "192.168.255.10-192.168.255.250",
      },
      'natNetworkCidr: "192.168.255.0/24" overlaps natNetworkCidr of stack "dev" ' +
        "(Pulumi.dev.yaml: 192.168.255.0/24); write a network outside it",
    ],
    [
      "addresses of a network that both use",
      { ...SHARED, ...half(10, 122) },
      { natNetworkExists: "true", ...half(121, 250) },
      'natNetworkAddresses: "192.168.123.10-192.168.123.122" has addresses of ' +
        'natNetworkAddresses of stack "dev" (Pulumi.dev.yaml: 192.168.123.121-192.168.123.250), ' +
        "which uses the same network; write a range outside it",
    ],
  ])("but not with %s", (_, small, dev, message) => {
    expect(problems(small, dev)).toEqual([message]);
  });

  test("and not in a network that one of them makes", () => {
    const found = problems({ ...SHARED, ...half(10, 120) }, half(121, 250));
    expect(found.map((line) => line.split(":")[0])).toEqual([
      "natNetworkName",
      "natNetworkBridge",
      "natNetworkCidr",
    ]);
  });

  test("and everything that is wrong is said, about every sibling", () => {
    const names = ["one", "two"];
    const siblings = names.map((stack) => ({ stack, config: config() }));
    const found = siblingProblems(config(), "small", siblings);
    expect(found).toHaveLength(12); // name, bridge and subnet of two networks, twice
    for (const name of names) expect(found.join("\n")).toContain(`(Pulumi.${name}.yaml`);
  });
});

test.each([
  ["10.0.0.0/16", "10.1.0.0/16"],
  ["192.168.1.128/25", "192.168.2.0/25"],
  ["255.255.255.0/24", undefined],
])("after the network %s comes %s", (cidr, next) => {
  expect(nextNetwork(cidr)).toBe(next);
});

describe("the files beside Pulumi.yaml", () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "siblings-test-"))));
  afterEach(() => rmSync(folder, { recursive: true }));
  const write = (files: Record<string, string>) => {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    return folder;
  };
  const NOTE = "encryptionsalt: v1:abc\n";

  test("are the other stacks", () => {
    const files = { "Pulumi.yaml": "", "Pulumi.dev.yaml": "", "Pulumi.a.b.yaml": "", "x.yaml": "" };
    expect(stacksInUse(write(files), "dev")).toEqual(["a.b"]);
    expect(stacksInUse(folder, "new")).toEqual(["a.b", "dev"]);
  });

  test("count when their stack was made, where that is noted", () => {
    const files = {
      "Pulumi.yaml": "",
      "Pulumi.dev.yaml": "",
      "Pulumi.prod.yaml": NOTE,
      "Pulumi.kms.yaml": "secretsprovider: awskms://alias/swarm\n",
      "Pulumi.broken.yaml": "{",
      "Pulumi.try.yaml": NOTE,
    };
    expect(stacksInUse(write(files), "try")).toEqual(["kms", "prod"]);
    expect(stacksInUse(folder, "dev")).toEqual(["broken", "kms", "prod", "try"]);
  });

  test("are none without a project", () => {
    expect(stacksInUse(join(folder, "nowhere"), "dev")).toEqual([]);
  });
});

describe("a stack beside others", () => {
  let project: string;
  useFolder();
  beforeEach(() => {
    project = mkdtempSync(join("/tmp", "siblings-test-"));
    const declared = Object.entries(good).map(([key, value]) => [key, { default: value }]);
    const keys = Object.fromEntries(declared);
    writeFileSync(
      join(project, "Pulumi.yaml"),
      JSON.stringify({ name: "pulumi-swarm", config: keys }),
    );
    jest.spyOn(settings, "getRootDirectory").mockReturnValue(project);
  });
  afterEach(() => {
    jest.spyOn(settings, "getRootDirectory").mockRestore();
    rmSync(project, { recursive: true });
  });
  const sibling = (values: Values | string) => {
    const namespaced = (all: Values) =>
      Object.fromEntries(Object.entries(all).map(([key, value]) => [`pulumi-swarm:${key}`, value]));
    const text =
      typeof values === "string" ? values : JSON.stringify({ config: namespaced(values) });
    writeFileSync(join(project, "Pulumi.small.yaml"), text);
  };

  test("is refused before anything is registered, where both would have the same", async () => {
    sibling({ natNetworkCidr: "192.168.123.0/24" });
    const { message, registered } = await refused(SMALL);
    expect(message).toContain("The configuration has 6 problems");
    expect(message).toContain(
      'natNetworkName: "docker-network" is also that of stack "small" (Pulumi.small.yaml)',
    );
    expect(registered).toEqual([]);
  });

  test.each<[what: string, file: Values | string]>([
    ["that has everything of its own", APART],
    ["that is on another hypervisor", { libvirtUri: "qemu+ssh://root@kvm2/system" }],
    ["whose file is wrong in itself", { managers: "2" }],
    ["whose file is no YAML", "{"],
    ["whose file has values that only the CLI can read", 'config: { "managers": { secure: v1 } }'],
  ])("goes together with one %s", async (_, file) => {
    sibling(file);
    expect((await upAnew(SMALL)).resources.length).toBeGreaterThan(0);
  });
});

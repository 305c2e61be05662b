import { firewallRules, type FirewallArgs } from "../../plan/firewall";
import type { Role } from "../../plan/nodes";

const OUTSIDE = "192.168.123.10";
const INTERNAL = "192.168.42.10";
const FROM_INSIDE = `ip saddr 192.168.42.0/24 ip daddr ${INTERNAL}`;

function rules(role: Role, changes: Partial<FirewallArgs> = {}): string {
  return firewallRules({
    role,
    ingressAddress: OUTSIDE,
    advertiseAddress: INTERNAL,
    internalCidr: "192.168.42.0/24",
    apiOutside: false,
    monitoring: false,
    gwbridgeSubnet: "172.18.0.0/16",
    ...changes,
  });
}

/** The ports that a machine's own processes can be reached on: `PORT/PROTOCOL`, by who may. */
function open(text: string): { outside: string[]; internal: string[] } {
  const ports = (from: string) =>
    [...text.matchAll(/^ +(ip .*) (tcp|udp) dport \{ ([\d, ]+) \} accept$/gm)]
      .filter(([, match]) => match === from)
      .flatMap(([, , protocol, list]) => list!.split(", ").map((port) => `${port}/${protocol}`))
      .sort();
  return { outside: ports(`ip daddr ${OUTSIDE}`), internal: ports(FROM_INSIDE) };
}

const GOSSIP = ["4789/udp", "7946/tcp", "7946/udp"];

describe("firewallRules", () => {
  test.each<Role>(["manager", "worker", "storage"])("of a %s", (role) => {
    expect(rules(role)).toMatchSnapshot();
  });

  test.each<[Role, string[]]>([
    ["manager", ["2376/tcp", "2377/tcp", ...GOSSIP]],
    ["worker", GOSSIP],
    ["storage", ["2049/tcp"]],
  ])("open a %s to SSH from outside, and inside to what it serves", (role, internal) => {
    expect(open(rules(role))).toEqual({ outside: ["22/tcp"], internal });
  });

  test.each<[Role, string[]]>([
    ["manager", ["22/tcp", "2376/tcp"]],
    ["worker", ["22/tcp"]],
    ["storage", ["22/tcp"]],
  ])("open a %s outside with apiOutside to no more than it should", (role, outside) => {
    const { internal } = open(rules(role));
    expect(open(rules(role, { apiOutside: true }))).toEqual({ outside, internal });
  });

  test.each<Role>(["worker", "storage"])("never name a manager's ports on a %s", (role) => {
    expect(rules(role, { apiOutside: true })).not.toMatch(/\b237\d\b/);
  });

  test.each<Role>(["manager", "worker"])("let encrypted overlays in to a %s", (role) => {
    expect(rules(role)).toContain(`    ${FROM_INSIDE} ip protocol esp accept\n`);
  });

  test("keep the swarm away from the storage machine", () => {
    expect(rules("storage")).not.toMatch(/esp accept|udp dport .* accept/);
  });

  test.each<Role>(["manager", "worker", "storage"])("drop whatever else comes to a %s", (role) => {
    const accepted = rules(role).match(/^.*accept$/gm)!;
    const unconditional = accepted.filter((line) => !/^ +ip (daddr|saddr) /.test(line));
    expect(unconditional.map((line) => line.trim())).toEqual([
      "ct state established,related accept",
      "iif lo accept",
      "meta l4proto { icmp, ipv6-icmp } accept",
    ]);
    expect(rules(role)).toContain("type filter hook input priority filter; policy drop;");
  });

  test.each<Role>(["manager", "worker", "storage"])(
    "drop what comes to a %s from an address of another network, before its ports are looked at",
    (role) => {
      const lines = rules(role).split("\n");
      const spoofed = lines.indexOf("    fib saddr . iif oif missing drop");
      expect(spoofed).toBeGreaterThan(lines.indexOf("    iif lo accept"));
      const firstPort = lines.findIndex((line) => line.includes("dport {"));
      expect(spoofed).toBeLessThan(firstPort);
      expect(spoofed).toBeLessThan(lines.findIndex((line) => line.includes(" icmp, ")));
    },
  );

  test("keep published ports to the ingress address", () => {
    expect(rules("worker")).toContain(`    ct status dnat ct original ip daddr ${INTERNAL} drop\n`);
  });

  describe("with monitoring", () => {
    const watched = (role: Role) => rules(role, { monitoring: true });
    const FROM_CONTAINERS = `iifname "docker_gwbridge" ip saddr 172.18.0.0/16 ip daddr ${INTERNAL}`;

    test.each<[Role, string, string]>([
      ["manager", "7946, 2377, 2376, 9323", "9323, 2376"],
      ["worker", "7946, 9323", "9323"],
    ])("open the engine's metrics of a %s to nodes and its own containers", (role, nodes, own) => {
      const before = rules(role).split("\n");
      expect(
        watched(role)
          .split("\n")
          .filter((line) => !before.includes(line)),
      ).toEqual([
        `    ${FROM_INSIDE} tcp dport { ${nodes} } accept`,
        `    ${FROM_CONTAINERS} tcp dport { ${own} } accept`,
      ]);
      expect(open(watched(role)).outside).toEqual(["22/tcp"]);
    });

    test("concern no storage machine", () => {
      expect(watched("storage")).toBe(rules("storage"));
    });

    test("are closed without it", () => {
      for (const role of ["manager", "worker"] as const) expect(rules(role)).not.toContain("9323");
    });
  });

  describe("of a machine with one address, where the public one is translated on the way", () => {
    const one = (role: Role) => rules(role, { ingressAddress: INTERNAL, apiOutside: true });

    test("let published ports in by it", () => {
      expect(one("worker")).not.toContain("ct status dnat");
      expect(one("worker")).toContain("type filter hook forward priority filter; policy accept;");
    });

    test("have the same doors, told apart by who comes", () => {
      const { internal } = open(rules("manager"));
      expect(one("manager")).toContain(`    ip daddr ${INTERNAL} tcp dport { 22, 2376 } accept\n`);
      expect(open(one("manager")).internal).toEqual(internal);
    });

    test("differ in nothing else", () => {
      const lines = (text: string) => text.replaceAll(OUTSIDE, INTERNAL).split("\n");
      const two = lines(rules("manager", { apiOutside: true }));
      expect(lines(one("manager"))).toEqual(two.filter((line) => !line.includes("ct status dnat")));
    });
  });

  test("count before anything is decided", () => {
    const lines = rules("worker").split("\n");
    const counting = lines.findLastIndex((line) => line.includes("counter name"));
    expect(counting).toBeLessThan(lines.findIndex((line) => line.endsWith("accept")));
  });

  test("replace their own table and nobody else's: Docker has its rules there too", () => {
    const [, create, remove, ...rest] = rules("worker").split("\n");
    expect([create, remove, rest[0]]).toEqual([
      "table inet swarm",
      "delete table inet swarm",
      "table inet swarm {",
    ]);
    expect(rules("worker")).not.toContain("flush ruleset");
  });
});

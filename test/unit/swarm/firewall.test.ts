import { readFileSync } from "node:fs";
import { join } from "node:path";
import { firewallRules, openings, type FirewallArgs } from "../../../components/swarm/firewall";
import type { Role } from "../../../components/machine/nodes";

const OUTSIDE = "192.168.123.10";
const INTERNAL = "192.168.42.10";
const FROM_INSIDE = `ip saddr { 192.168.42.0/24 } ip daddr ${INTERNAL}`;

function args(role: Role, changes: Partial<FirewallArgs> = {}): FirewallArgs {
  return {
    role,
    ingressAddress: OUTSIDE,
    advertiseAddress: INTERNAL,
    internalCidr: "192.168.42.0/24",
    machineCidrs: ["192.168.42.0/24", "192.168.123.0/24"],
    nfsServer: "",
    apiOutside: false,
    ...changes,
  };
}
const rules = (role: Role, changes: Partial<FirewallArgs> = {}) =>
  firewallRules(args(role, changes));

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

describe("the node image's own firewall", () => {
  const IMAGE = join(__dirname, "../../../images/node/root/etc");
  const text = readFileSync(join(IMAGE, "nftables.conf"), "utf8");

  test("lets SSH in and nothing else, from the first boot on", () => {
    expect(text.match(/^ +.*accept$/gm)!.map((line) => line.trim())).toEqual([
      "ct state established,related accept",
      "iif lo accept",
      "meta l4proto { icmp, ipv6-icmp } accept",
      "tcp dport 22 accept",
    ]);
    expect(text.match(/policy \w+/g)).toEqual(["policy drop", "policy drop"]);
  });

  test("is in the table that the stack's takes the place of", () => {
    const head = /^table inet swarm\ndelete table inet swarm\ntable inet swarm \{$/m;
    expect(text).toMatch(head);
    expect(rules("worker")).toMatch(head);
  });

  test("is loaded under no condition", () => {
    const unit = readFileSync(join(IMAGE, "systemd/system/nftables.service.d/node.conf"), "utf8");
    expect(unit).not.toContain("Condition");
    const setup = readFileSync(join(IMAGE, "../../setup"), "utf8");
    expect(setup).toMatch(/^systemctl enable .*\bnftables\.service\b/m);
  });
});

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
    const doors = openings(args(role, { apiOutside: true }));
    expect(doors.flatMap(({ ports }) => ports).join(" ")).not.toMatch(/\b237\d\b/);
    expect(rules(role, { apiOutside: true })).not.toMatch(/\b237\d\b.* accept$/m);
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
      "ct state established,related accept", // of `forward`
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

  describe("from containers", () => {
    /** The rules of a chain. */
    const chain = (text: string, name: string) => {
      const lines = text.split("\n").map((line) => line.trim());
      const start = lines.indexOf(`chain ${name} {`) + 2;
      return lines.slice(start, lines.indexOf("}", start));
    };

    test.each<Role>(["manager", "worker", "storage"])(
      "let answers and ICMP in to a %s, and nothing else by any bridge of its own",
      (role) => {
        const lines = chain(rules(role, { apiOutside: true }), "input");
        const bridges = lines.indexOf('meta iifkind "bridge" drop');
        expect(lines.slice(0, bridges).filter((line) => line.endsWith("accept"))).toEqual([
          "ct state established,related accept",
          "iif lo accept",
          "meta l4proto { icmp, ipv6-icmp } accept",
        ]);
        expect(bridges).toBeGreaterThan(0);
      },
    );

    test.each<Role>(["manager", "worker", "storage"])(
      "pass nothing new on from a %s to machines' own ports, on any of their networks",
      (role) => {
        const machines = "ip daddr { 192.168.42.0/24, 192.168.123.0/24 }";
        expect(chain(rules(role), "forward")).toEqual([
          `ct status dnat ct original ip daddr ${INTERNAL} drop`,
          "ct state established,related accept",
          `${machines} tcp dport { 22, 2049, 2376, 2377, 7946, 9323 } drop`,
          `${machines} udp dport { 4789, 7946 } counter name from_containers drop`,
          `${machines} ip protocol esp counter name from_containers drop`,
        ]);
      },
    );

    test("pass nothing on to an NFS server that is not the stack's, where its address is known", () => {
      const line = "    ip daddr 10.9.9.9 tcp dport 2049 drop\n";
      expect(rules("worker", { nfsServer: "10.9.9.9" })).toContain(line);
      expect(rules("worker", { nfsServer: "files.example.org" })).toBe(rules("worker"));
    });

    test("except nobody: nothing that monitoring runs asks a machine's own ports", () => {
      for (const role of ["manager", "worker", "storage"] as const) {
        expect(rules(role)).not.toContain("docker_gwbridge");
        expect(openings(args(role)).flatMap(({ ports }) => ports)).not.toContain(9323);
      }
    });
  });

  describe("for management pages", () => {
    const ADMINS = { ports: [9000, 3000], from: ["203.0.113.0/24", "198.51.100.7/32"] };
    const RULE =
      "iif != lo fib daddr type local tcp dport { 9000, 3000 } " +
      "ip saddr != { 203.0.113.0/24, 198.51.100.7/32 } drop";

    test("drop who is no administrator before Docker's rules change where it goes", () => {
      const text = rules("worker", { adminPorts: ADMINS });
      expect(text).toContain(
        `    type filter hook prerouting priority mangle; policy accept;\n    ${RULE}\n`,
      );
    });

    test.each([
      ["who they are for is not said", { ...ADMINS, from: [] }],
      ["there are none", { ...ADMINS, ports: [] }],
    ])("say nothing when %s", (_, adminPorts) => {
      expect(rules("worker", { adminPorts })).toBe(rules("worker"));
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

  test.each<[Role, string[]]>([
    ["manager", ["22,2376/tcp", "2376,2377,7946/tcp", "/esp", "4789,7946/udp"]],
    ["worker", ["22/tcp", "7946/tcp", "/esp", "4789,7946/udp"]],
    ["storage", ["22/tcp", "2049/tcp"]],
  ])("are told as data, the same for a %s as in its text", (role, doors) => {
    const [icmp, ssh, ...inside] = openings(args(role, { apiOutside: true }));
    const everybody = ["0.0.0.0/0"];
    expect(icmp).toEqual({ protocol: "icmp", ports: [], from: everybody, to: "0.0.0.0/0" });
    expect(ssh).toMatchObject({ from: everybody, to: OUTSIDE });
    for (const door of inside)
      expect(door).toMatchObject({ from: ["192.168.42.0/24"], to: INTERNAL });
    expect([ssh!, ...inside].map(({ ports, protocol }) => `${ports}/${protocol}`)).toEqual(doors);
    // Three more: answers, the machine itself, ICMP.
    const accepted = rules(role).match(/^ {4}.*accept$/gm)!.length - 1; // and answers in `forward`
    expect(accepted).toBe(3 + doors.length);
  });

  test("count before anything is decided", () => {
    const lines = rules("worker").split("\n");
    const input = lines.slice(0, lines.indexOf("  chain forward {"));
    const counting = input.findLastIndex((line) => line.includes("counter name"));
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

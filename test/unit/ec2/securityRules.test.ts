import type { OpenPort } from "../../../components/swarm/publish";
import {
  healthPort,
  ruleName,
  securityGroups,
  securityRules,
  type SecurityRule,
} from "../../../components/ec2/securityRules";
import { config, type Values } from "../stacks/configProblems";

const EC2 = { target: "ec2", ec2AdminCidrs: "203.0.113.0/24", diskMB: "20000" };
const WEB: OpenPort = { mode: "ingress", protocol: "tcp", published: 80 };
const PORTAINER: OpenPort = {
  ...{ mode: "ingress", protocol: "tcp", published: 9000 },
  management: true,
};
const DNS: OpenPort = { mode: "host", protocol: "udp", published: 53 };

function args(changes: Values, published: OpenPort[]) {
  return { config: config({ ...EC2, ...changes }), published };
}

/** Each rule as a line: GROUP in|out PROTOCOL[/PORT] PEER. */
function table(changes: Values = {}, published = [WEB, PORTAINER]): string[] {
  return securityRules(args(changes, published)).map(line);
}

function line({ group, direction, protocol, port, peer }: SecurityRule): string {
  return [group, direction, port ? `${protocol}/${port}` : protocol, peer].join(" ");
}

const BETWEEN_NODES = [
  "nodes in tcp/7946 nodes",
  "nodes in udp/7946 nodes",
  "nodes in udp/4789 nodes",
  "nodes in 50 nodes",
  "nodes in icmp nodes",
];
const MANAGERS = ["managers in tcp/2377 nodes", "managers in tcp/2376 nodes"];

describe("the rules of security groups", () => {
  test("are exactly these by default", () => {
    expect(table()).toEqual([
      ...BETWEEN_NODES,
      "nodes in tcp/22 203.0.113.0/24",
      "nodes in tcp/80 0.0.0.0/0",
      "nodes in tcp/9000 203.0.113.0/24",
      "nodes out -1 0.0.0.0/0",
      ...MANAGERS,
    ]);
  });

  test("with every option are exactly these", () => {
    const changes = {
      ec2AdminCidrs: "203.0.113.7/32,198.51.100.0/24",
      ec2IngressCidrs: "192.0.2.0/24,198.51.100.0/24",
      apiOutside: "true",
      storage: "efs",
      ec2Balancer: "true",
      ec2ApiBalancer: "true",
    };
    expect(table(changes, [WEB, DNS])).toEqual([
      ...BETWEEN_NODES,
      "nodes in tcp/22 203.0.113.7/32",
      "nodes in tcp/22 198.51.100.0/24",
      "nodes in tcp/80 192.0.2.0/24",
      "nodes in tcp/80 198.51.100.0/24",
      "nodes in udp/53 192.0.2.0/24",
      "nodes in udp/53 198.51.100.0/24",
      "nodes out -1 0.0.0.0/0",
      ...MANAGERS,
      "managers in tcp/2376 203.0.113.7/32",
      "managers in tcp/2376 198.51.100.0/24",
      "efs in tcp/2049 nodes",
      "balancer in tcp/80 192.0.2.0/24",
      "balancer in tcp/80 198.51.100.0/24",
      "balancer out tcp/80 nodes",
      "nodes in tcp/80 balancer",
      "api-balancer in tcp/2376 203.0.113.7/32",
      "api-balancer in tcp/2376 198.51.100.0/24",
      "api-balancer out tcp/2376 managers",
      "managers in tcp/2376 api-balancer",
    ]);
  });

  test("with monitoring let nodes try what the mesh publishes, and nothing else", () => {
    const before = table({}, [WEB, DNS]);
    const after = table({ monitoring: "true" }, [WEB, DNS]);
    expect(after.filter((rule) => !before.includes(rule))).toEqual(["nodes in tcp/80 nodes"]);
    expect(before.filter((rule) => !after.includes(rule))).toEqual([]);
  });

  test("let administrators in to their pages, and neither users, balancer nor other nodes", () => {
    const changes = {
      ec2AdminCidrs: "203.0.113.7/32,198.51.100.0/24",
      ec2IngressCidrs: "192.0.2.0/24",
      ec2Balancer: "true",
      monitoring: "true",
    };
    expect(table(changes).filter((rule) => rule.includes("/9000"))).toEqual([
      "nodes in tcp/9000 203.0.113.7/32",
      "nodes in tcp/9000 198.51.100.0/24",
    ]);
  });

  test("let the balancer ask a TCP port about a UDP one", () => {
    const udp: OpenPort = { mode: "ingress", protocol: "udp", published: 53 };
    expect(healthPort(udp)).toBe(7946);
    expect(healthPort(WEB)).toBe(80);
    const rules = table({ ec2Balancer: "true" }, [udp]);
    expect(rules.filter((rule) => rule.includes("balancer"))).toEqual([
      "balancer in udp/53 0.0.0.0/0",
      "balancer out udp/53 nodes",
      "nodes in udp/53 balancer",
      "balancer out tcp/7946 nodes",
      "nodes in tcp/7946 balancer",
    ]);
  });

  test("open nothing to the world but what services publish", () => {
    const world = (rules: string[]) =>
      rules.filter((rule) => / in /.test(rule) && rule.endsWith("0.0.0.0/0"));
    const everything = { apiOutside: "true", ec2ApiBalancer: "true", storage: "efs" };
    expect(world(table(everything))).toEqual(["nodes in tcp/80 0.0.0.0/0"]);
    expect(world(table({ ...everything, ec2IngressCidrs: "" }))).toEqual([]);
  });

  test("have a name each, which says what they are", () => {
    const rules = securityRules(
      args({ storage: "efs", apiOutside: "true", ec2Balancer: "true", ec2ApiBalancer: "true" }, [
        WEB,
        DNS,
      ]),
    );
    const names = rules.map(ruleName);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toEqual(
      expect.arrayContaining([
        "nodes-in-tcp-7946-nodes",
        "nodes-in-esp-nodes",
        "nodes-in-tcp-22-203.0.113.0-24",
        "nodes-out-all-0.0.0.0-0",
      ]),
    );
  });
});

describe("the security groups", () => {
  test.each<[Values, string[]]>([
    [{}, ["nodes", "managers"]],
    [{ storage: "efs" }, ["nodes", "managers", "efs"]],
    [
      { ec2Balancer: "true", ec2ApiBalancer: "true", apiOutside: "true" },
      ["nodes", "managers", "balancer", "api-balancer"],
    ],
  ])("with %j", (changes, groups) => {
    expect(securityGroups(args(changes, []))).toEqual(groups);
  });

  test.each<Values>([
    {},
    { storage: "efs" },
    { ec2Balancer: "true", ec2ApiBalancer: "true", apiOutside: "true" },
  ])("with %j are all that rules name", (changes) => {
    const groups: string[] = securityGroups(args(changes, [WEB]));
    for (const { group, peer } of securityRules(args(changes, [WEB]))) {
      expect(groups).toContain(group);
      if (!peer.includes("/")) expect(groups).toContain(peer);
    }
  });
});

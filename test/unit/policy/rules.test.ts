import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Secret } from "@pulumi/policy";
import { known, policies, secretPaths } from "../../../policy/policies";
import type { Resource } from "../../../policy/rule";
import { resourceRules, stackRules } from "../../../policy/rules";

const root = join(__dirname, "../../..");

/** What a rule has against one resource. */
function check(rule: string, resource: Partial<Resource>): string[] {
  const found = resourceRules.find(({ name }) => name === rule)!;
  return found.check({ type: "", name: "it", props: {}, protect: false, ...resource });
}

/** What a rule has against a stack: `name: message` of each finding. */
function checkStack(rule: string, resources: Partial<Resource>[]): string[] {
  const found = stackRules.find(({ name }) => name === rule)!;
  return found
    .checkStack(
      resources.map((one) => ({ type: "", name: "it", props: {}, protect: false, ...one })),
    )
    .map(({ name, message }) => `${name ?? "-"}: ${message}`);
}

const ENGINE = { hosts: ["unix:///var/run/docker.sock", "tcp://0.0.0.0:2376"], tlsverify: true };

const TLS = { caMaterial: "ca", certMaterial: "cert", keyMaterial: "key" };
const provider = (props: object) => ({ type: "pulumi:providers:docker", props: { ...props } });
const network = (props: object) => ({ type: "docker:index/network:Network", props: { ...props } });
const instance = (props: object) => ({ type: "aws:ec2/instance:Instance", props: { ...props } });
const service = (image?: string) => ({
  type: "docker:index/service:Service",
  props: { taskSpec: { containerSpec: { image } } },
});
const remoteImage = (name: string) => ({
  type: "docker:index/remoteImage:RemoteImage",
  props: { name },
});

describe("rules for one resource pass", () => {
  test.each<[rule: string, what: string, resource: Partial<Resource>]>([
    ["encrypted-disks", "an encrypted root", instance({ rootBlockDevice: { encrypted: true } })],
    [
      "encrypted-disks",
      "a root that is not known yet",
      instance({ rootBlockDevice: { encrypted: undefined } }),
    ],
    [
      "encrypted-disks",
      "an encrypted file system",
      { type: "aws:efs/fileSystem:FileSystem", props: { encrypted: true } },
    ],
    [
      "encrypted-disks",
      "a launch template, which has it as text",
      {
        type: "aws:ec2/launchTemplate:LaunchTemplate",
        props: { blockDeviceMappings: [{ ebs: { encrypted: "true" } }] },
      },
    ],
    [
      "secrets-marked-secret",
      "a token in a property that is marked",
      { props: { stdin: "SWMTKN-1-x" }, secrets: new Set(["stdin"]) },
    ],
    [
      "secrets-marked-secret",
      "a key inside of one that is marked",
      {
        props: { uploads: [{ content: "-----BEGIN PRIVATE KEY-----" }] },
        secrets: new Set(["uploads.0"]),
      },
    ],
    ["secrets-marked-secret", "an empty password", { props: { password: "" }, secrets: new Set() }],
    [
      "secrets-marked-secret",
      "a password that is not known yet",
      { props: { password: undefined }, secrets: new Set() },
    ],
    ["secrets-marked-secret", "nothing secret, marks or not", { props: { name: "web" } }],
  ])("%s: %s", (rule, _, resource) => {
    expect(check(rule, resource)).toEqual([]);
  });
});

describe("rules for one resource refuse", () => {
  test.each<[rule: string, what: string, resource: Partial<Resource>, message: string]>([
    [
      "encrypted-disks",
      "a root that nothing is said about",
      instance({ ami: "ami-1" }),
      "rootBlockDevice.encrypted is nothing; write encrypted: true",
    ],
    [
      "encrypted-disks",
      "one more disk in clear text",
      instance({
        rootBlockDevice: { encrypted: true },
        ebsBlockDevices: [{ deviceName: "sdf", encrypted: false }],
      }),
      "ebsBlockDevices[0].encrypted is false",
    ],
    [
      "encrypted-disks",
      "a volume in clear text",
      { type: "aws:ebs/volume:Volume", props: { size: 10 } },
      "encrypted is nothing",
    ],
    [
      "secrets-marked-secret",
      "a join token",
      { props: { stdin: "JOIN_TOKEN=SWMTKN-1-x" }, secrets: new Set() },
      "stdin is a join token in clear text; write pulumi.secret(...) around it, or take it from an " +
        "output that is a secret",
    ],
    [
      "secrets-marked-secret",
      "a private key beside one that is marked",
      {
        props: { keys: ["-----BEGIN EC PRIVATE KEY-----", "-----BEGIN EC PRIVATE KEY-----"] },
        secrets: new Set(["keys.0"]),
      },
      "keys.1 is a private key in clear text",
    ],
    [
      "secrets-marked-secret",
      "a password",
      { props: { masterPassword: "hunter2" }, secrets: new Set() },
      "masterPassword is a secret by its name in clear text",
    ],
    [
      "secrets-marked-secret",
      "a Docker secret's content",
      { type: "docker:index/secret:Secret", props: { data: "aHVudGVyMg==" }, secrets: new Set() },
      "data is a secret by its name in clear text",
    ],
    [
      "secrets-marked-secret",
      "what it cannot see the marks of",
      { props: { password: "hunter2" } },
      "cannot tell what is marked secret; give the policy secret-marks its level, remediate, back",
    ],
  ])("%s: %s", (rule, _, resource, message) => {
    expect(check(rule, resource)).toEqual([expect.stringContaining(message)]);
  });

  test("secrets-marked-secret: without showing the secret itself", () => {
    const [message] = check("secrets-marked-secret", {
      props: { password: "hunter2" },
      secrets: new Set(),
    });
    expect(message).not.toContain("hunter2");
  });
});

const stack = (props: object) => ({
  type: "pulumi:pulumi:Stack",
  name: "dev",
  props: { ...props },
});
const node = (name: string, role = "manager", last = 10) => ({
  name,
  role,
  ingressAddress: `192.168.123.${last}`,
  advertiseAddress: `192.168.42.${last}`,
});
const machine = (name: string, props = {}, type = "swarm:kvm:KvmMachine") => ({
  ...{ type, name, props },
});
const command = (name: string, props: object) => ({
  type: "command:remote:Command",
  name,
  props: { ...props },
});
const member = (name: string, props: object = {}) =>
  command(`swarm-${name}-member`, {
    delete: "on-manager ... leave",
    ...props,
  });
const hostKey = (name: string, publicKeyOpenssh?: string) => ({
  type: "tls:index/privateKey:PrivateKey",
  name: `${name}-host-key`,
  props: { publicKeyOpenssh },
});
const disk = (name: string, protect: boolean, type = "libvirt:index/volume:Volume") => ({
  ...{ type, name, protect },
  parent: name.split("-")[0],
});
const libvirtNetwork = (name: string, address: string, mode?: string) => ({
  type: "libvirt:index/network:Network",
  name,
  props: { name, ips: [{ address, prefix: 24 }], ...(mode ? { forward: { mode } } : {}) },
});
const ingress = (name: string, subnet?: string) => ({
  ...network({ name, ingress: true, ipamConfigs: [{ subnet }] }),
  name,
});
const published = {
  type: "docker:index/service:Service",
  props: {
    endpointSpec: { ports: [{ publishedPort: 80 }, { publishedPort: 53, protocol: "udp" }] },
  },
};
const ingressRule = (props: object) => ({
  type: "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
  name: "open",
  props: { ipProtocol: "tcp", ...props },
});
const group = (ingress: object[]) => ({
  type: "aws:ec2/securityGroup:SecurityGroup",
  name: "nodes",
  props: { ingress },
});
const EVERYBODY = "0.0.0.0/0";
/** What a node's own firewall lets in, by its stack's outputs. */
const opening = (from: string[], ports: number[], protocol = "tcp") => ({
  ...{ protocol, ports, from },
  to: "192.168.42.10",
});
const firewall = (...openings: object[]) => stack({ firewall: { mg0: openings } });
/** A stack with a page for administrators. */
const PAGE = { name: "portainer", image: "portainer:1", management: true };
const pages = (props: object = {}) =>
  stack({
    services: [PAGE, { name: "web", image: "nginx:1" }],
    adminPorts: { ports: [9000], from: ["203.0.113.0/24"] },
    ...props,
  });
const page = {
  type: "docker:index/service:Service",
  props: { name: "portainer", endpointSpec: { ports: [{ publishedPort: 9000 }] } },
};
const ENCRYPTED = { encrypted: "" };
const THREE = [node("mg0"), node("mg1"), node("mg2")];

describe("rules for a stack pass", () => {
  test.each<[rule: string, what: string, resources: Partial<Resource>[]]>([
    ["no-plaintext-api", "the API with TLS", [provider({ host: "tcp://10.0.0.1:2376", ...TLS })]],
    ["no-plaintext-api", "one over SSH", [provider({ host: "ssh://root@10.0.0.1" })]],
    [
      "no-plaintext-api",
      "material that is not known yet",
      [provider({ host: "tcp://10.0.0.1:2376", ...TLS, keyMaterial: undefined })],
    ],
    ["no-plaintext-api", "a host that is not known yet", [provider({ host: undefined })]],
    [
      "no-plaintext-api",
      "engines with TLS, and on their socket only",
      [machine("mg0"), stack({ engines: { manager: ENGINE, worker: {} } })],
    ],
    [
      "no-plaintext-api",
      "engines that are not known yet",
      [machine("mg0"), stack({ engines: undefined })],
    ],
    ["pinned-images", "a version", [remoteImage("registry.example:5000/nginx:1.28.0-alpine")]],
    ["pinned-images", "a digest", [service(`nginx@sha256:${"0".repeat(64)}`)]],
    ["pinned-images", "an image that is not known yet", [service(undefined)]],
    [
      "pinned-images",
      "an image's ID",
      [{ type: "docker:index/container:Container", props: { image: "sha256:12ab" } }],
    ],
    [
      "pinned-images",
      "services of the config, and of a compose file",
      [stack({ services: [{ image: "nginx:1" }], composePlan: [{ image: "shop:2" }] })],
    ],
    ["encrypted-ingress", "an encrypted one", [network({ ingress: true, options: ENCRYPTED })]],
    [
      "encrypted-ingress",
      "options not known yet",
      [stack({ ingress: { encrypted: true } }), network({ ingress: true, options: undefined })],
    ],
    ["encrypted-ingress", "another network", [stack({}), network({ ingress: false })]],
    ["odd-managers", "three", [machine("mg0"), stack({ nodes: THREE })]],
    ["odd-managers", "a stack without machines", [stack({})]],
    ["graceful-exit", "a node that leaves", [stack({ nodes: [node("mg0")] }), member("mg0")]],
    [
      "graceful-exit",
      "arguments that are not known yet",
      [stack({ nodes: [node("mg0")] }), member("mg0", { delete: undefined })],
    ],
    [
      "one-manager-at-a-time",
      "one manager that goes as it is",
      [
        stack({ nodes: THREE }),
        machine("mg0", { identity: undefined }),
        hostKey("mg0", "key"),
        machine("mg1", { identity: "there" }),
        hostKey("mg1", "key"),
      ],
    ],
    [
      "one-manager-at-a-time",
      "managers that are new",
      [
        stack({ nodes: THREE }),
        ...THREE.flatMap(({ name }) => [machine(name, { identity: undefined }), hostKey(name)]),
      ],
    ],
    [
      "one-manager-at-a-time",
      "all managers, which leave one by one",
      [
        stack({ nodes: THREE }),
        ...THREE.flatMap(({ name }) => [
          ...[machine(name, { identity: undefined }), hostKey(name, "key"), member(name)],
        ]),
      ],
    ],
    [
      "no-open-world",
      "a published port",
      [published, ingressRule({ cidrIpv4: "0.0.0.0/0", fromPort: 80, toPort: 80 })],
    ],
    [
      "no-open-world",
      "a published UDP port by number of its protocol",
      [published, group([{ protocol: "17", fromPort: 53, toPort: 53, ipv6CidrBlocks: ["::/0"] }])],
    ],
    [
      "no-open-world",
      "the port of a compose file's service",
      [
        stack({ composePlan: [{ name: "shop", image: "shop:1", publish: ["8080/tcp"] }] }),
        ingressRule({ cidrIpv4: "0.0.0.0/0", fromPort: 8080, toPort: 8080 }),
      ],
    ],
    [
      "no-open-world",
      "SSH for an office, and all between nodes",
      [
        ingressRule({ cidrIpv4: "198.51.100.0/24", fromPort: 22, toPort: 22 }),
        group([{ protocol: "-1", self: true }]),
      ],
    ],
    [
      "no-open-world",
      "ICMP",
      [ingressRule({ ipProtocol: "icmp", cidrIpv4: "0.0.0.0/0", fromPort: -1, toPort: -1 })],
    ],
    [
      "no-open-world",
      "networks that are not known yet",
      [group([{ protocol: "tcp", fromPort: 22, toPort: 22, cidrBlocks: [undefined] }])],
    ],
    [
      "no-open-world",
      "a rule for what goes out",
      [
        {
          type: "aws:ec2/securityGroupRule:SecurityGroupRule",
          props: { type: "egress", protocol: "-1", cidrBlocks: ["0.0.0.0/0"] },
        },
      ],
    ],
    [
      "no-open-world",
      "a node with SSH, and the swarm's ports for its network",
      [
        libvirtNetwork("nat", "192.168.123.1", "nat"),
        firewall(
          opening([EVERYBODY], [], "icmp"),
          opening([EVERYBODY], [22]),
          opening(["192.168.42.0/24"], [2377, 7946]),
          opening(["192.168.42.0/24"], [], "esp"),
        ),
      ],
    ],
    [
      "no-open-world",
      "a node with the API outside, where the stack says so",
      [stack({ apiOutside: true, firewall: { mg0: [opening([EVERYBODY], [22, 2376])] } })],
    ],
    [
      "no-open-world",
      "firewalls that are not known yet",
      [
        machine("mg0"),
        stack({ nodes: [node("mg0")], services: [], composePlan: [], firewall: undefined }),
      ],
    ],
    [
      "management-pages",
      "a page for the admin networks, or for a part of them",
      [
        ...[pages(), page],
        ingressRule({ cidrIpv4: "203.0.113.0/24", fromPort: 9000, toPort: 9000 }),
        ingressRule({ cidrIpv4: "203.0.113.7/32", fromPort: 9000, toPort: 9000 }),
      ],
    ],
    [
      "management-pages",
      "another service's port for everybody",
      [...[pages(), page], ingressRule({ cidrIpv4: EVERYBODY, fromPort: 80, toPort: 80 })],
    ],
    [
      "management-pages",
      "pages for whoever reaches the NAT network, where the config names nobody",
      [pages({ adminPorts: { ports: [9000], from: [] } }), page],
    ],
    [
      "internal-advertise",
      "internal addresses",
      [stack({ nodes: THREE }), libvirtNetwork("nat", "192.168.123.1", "nat")],
    ],
    [
      "internal-advertise",
      "addresses that are not known yet",
      [stack({ nodes: [{ ...node("mg0"), advertiseAddress: undefined }] })],
    ],
    ["one-ingress-network", "one", [ingress("mesh"), network({ name: "app" })]],
    ["one-ingress-network", "a stack without a swarm", [stack({})]],
    [
      "no-overlapping-networks",
      "networks side by side, and one of the pool",
      [
        libvirtNetwork("nat", "192.168.123.1"),
        libvirtNetwork("internal", "192.168.42.1"),
        ingress("mesh", "10.11.0.0/16"),
        stack({ gwbridge: { subnet: "172.18.0.0/16" }, overlayAddressPool: "10.0.0.0/8" }),
      ],
    ],
    [
      "no-overlapping-networks",
      "subnets that are not known yet",
      [ingress("mesh", undefined), ingress("other", undefined)],
    ],
    [
      "protect-manager-disks",
      "disks that are protected, and a worker's that is not",
      [
        stack({ nodes: [node("mg0"), node("worker0", "worker")] }),
        ...[disk("mg0-disk", true), disk("mg0-seed", false), disk("worker0-disk", false)],
      ],
    ],
  ])("%s: %s", (rule, _, resources) => {
    expect(checkStack(rule, resources)).toEqual([]);
  });
});

describe("rules for a stack refuse", () => {
  test.each<[rule: string, what: string, resources: Partial<Resource>[], message: string]>([
    [
      "no-plaintext-api",
      "a provider without TLS",
      [provider({ host: "tcp://10.0.0.1:2375" })],
      'it: host is "tcp://10.0.0.1:2375" without TLS; write port 2376 with caMaterial, ' +
        "certMaterial and keyMaterial, or an ssh:// address",
    ],
    [
      "no-plaintext-api",
      "a provider with a part of the material",
      [provider({ host: "tcp://10.0.0.1:2376", caMaterial: "ca" })],
      'it: host is "tcp://10.0.0.1:2376" without TLS',
    ],
    [
      "no-plaintext-api",
      "a provider over HTTP",
      [provider({ host: "http://10.0.0.1:2376", ...TLS })],
      'it: host is "http://10.0.0.1:2376" without TLS',
    ],
    [
      "no-plaintext-api",
      "an engine on the plain port",
      [stack({ engines: { worker: { hosts: ["tcp://0.0.0.0:2375"], tlsverify: true } } })],
      `-: a worker's engine listens on "tcp://0.0.0.0:2375" without TLS; write port 2376 with ` +
        `"tlsverify": true, tlscacert, tlscert and tlskey`,
    ],
    [
      "no-plaintext-api",
      "an engine that does not verify",
      [stack({ engines: { manager: { ...ENGINE, tlsverify: false } } })],
      `-: a manager's engine listens on "tcp://0.0.0.0:2376" without TLS`,
    ],
    [
      "no-plaintext-api",
      "machines whose engines the stack does not tell of",
      [machine("mg0"), stack({})],
      '-: the stack has no output "engines", which this rule reads',
    ],
    [
      "pinned-images",
      "no tag",
      [remoteImage("registry.example:5000/nginx")],
      'it: image "registry.example:5000/nginx" has no fixed version; write one such as ' +
        "nginx:1.28.0-alpine, or a digest (@sha256:...)",
    ],
    ["pinned-images", "latest", [service("nginx:latest")], 'it: image "nginx:latest" has no fixed'],
    [
      "pinned-images",
      "a compose file with one",
      [stack({ composePlan: [{ name: "shop", image: "shop" }] })],
      'shop: image "shop" has no fixed version',
    ],
    [
      "pinned-images",
      "an autoscaled service that is given one",
      [stack({ services: [{ name: "web", image: "nginx:latest" }] })],
      'web: image "nginx:latest" has no fixed version',
    ],
    [
      "encrypted-ingress",
      "one in clear text",
      [network({ name: "mesh", ingress: true, options: { mtu: "1200" } })],
      `it: options of "mesh" are {"mtu":"1200"} without "encrypted"; write ingressEncrypted: true in ` +
        "the stack's config",
    ],
    [
      "encrypted-ingress",
      "one without options",
      [network({ name: "mesh", ingress: true })],
      'it: options of "mesh" are nothing without "encrypted"',
    ],
    [
      "odd-managers",
      "four",
      [machine("mg0"), stack({ nodes: [...THREE, node("mg3")] })],
      "-: 4 managers is an even number; write 3 or 5",
    ],
    [
      "odd-managers",
      "two on EC2",
      [machine("mg0", {}, "swarm:ec2:Ec2Machine"), stack({ nodes: THREE.slice(0, 2) })],
      "-: 2 managers is an even number; write 1 or 3",
    ],
    [
      "odd-managers",
      "a stack that does not say which",
      [machine("mg0"), stack({})],
      `-: 0 managers (the stack's output "nodes" names none) is an even number; write 1 or 3`,
    ],
    [
      "graceful-exit",
      "a node without a script",
      [stack({ nodes: [node("mg0")] })],
      "swarm-mg0-member: mg0 has no script that sees it off",
    ],
    [
      "graceful-exit",
      "a worker, too",
      [
        stack({ nodes: [node("worker0", "worker")] }),
        command("swarm-worker0-member", { create: "bash -s -- arrive" }),
      ],
      "swarm-worker0-member: delete is not set, so worker0 goes without leaving; write the " +
        'arguments of "leave"',
    ],
    [
      "one-manager-at-a-time",
      "two managers that just go",
      [
        stack({ nodes: THREE }),
        ...["mg0", "mg2"].flatMap((name) => [
          machine(name, { identity: undefined }),
          hostKey(name, "key"),
        ]),
      ],
      "mg2: mg0, mg2 are replaced in one update, and none of them leaves gracefully",
    ],
    [
      "no-open-world",
      "SSH for everybody",
      [published, ingressRule({ cidrIpv4: "0.0.0.0/0", fromPort: 22, toPort: 22 })],
      'open: lets "0.0.0.0/0" in to 22/tcp, which no service publishes; write the addresses that ' +
        "need it, or publish it",
    ],
    [
      "no-open-world",
      "a published port of the other protocol",
      [published, ingressRule({ cidrIpv6: "::/0", ipProtocol: "udp", fromPort: 80, toPort: 80 })],
      'open: lets "::/0" in to 80/udp',
    ],
    [
      "no-open-world",
      "more than the published port",
      [published, ingressRule({ cidrIpv4: "0.0.0.0/0", fromPort: 80, toPort: 81 })],
      "in to 81/tcp",
    ],
    [
      "no-open-world",
      "half of the world",
      [ingressRule({ cidrIpv4: "128.0.0.0/1", fromPort: 22, toPort: 22 })],
      'open: lets "128.0.0.0/1" in to 22/tcp',
    ],
    [
      "no-open-world",
      "every port",
      [group([{ protocol: "-1", fromPort: 0, toPort: 0, cidrBlocks: ["0.0.0.0/0"] }])],
      'nodes: lets "0.0.0.0/0" in to every port',
    ],
    [
      "no-open-world",
      "ESP for everybody",
      [ingressRule({ ipProtocol: "50", cidrIpv4: EVERYBODY })],
      'open: lets "0.0.0.0/0" in to esp',
    ],
    [
      "no-open-world",
      "a node with the managers' port for everybody",
      [firewall(opening([EVERYBODY], [22, 2377]))],
      'mg0: lets "0.0.0.0/0" in to 2377/tcp, which no service publishes; write the addresses that ' +
        "need it, or publish it",
    ],
    [
      "no-open-world",
      "a node that names nobody",
      [firewall(opening([], [7946], "udp"))],
      'mg0: lets "0.0.0.0/0" in to 7946/udp',
    ],
    [
      "no-open-world",
      "a node with the swarm's ports for the network that users come in by",
      [
        libvirtNetwork("nat", "192.168.123.1", "nat"),
        firewall(opening(["192.168.42.0/24", "192.168.123.0/25"], [2377])),
      ],
      'mg0: lets "192.168.123.0/25" in to 2377/tcp',
    ],
    [
      "no-open-world",
      "a node with the API outside, where the stack does not say so",
      [stack({ apiOutside: false, firewall: { mg0: [opening([EVERYBODY], [2376])] } })],
      'mg0: lets "0.0.0.0/0" in to 2376/tcp',
    ],
    [
      "no-open-world",
      "a node that the stack says nothing about",
      [stack({ nodes: THREE.slice(0, 2), firewall: { mg0: [] } })],
      'mg1: the output "firewall" does not say what mg1 lets in',
    ],
    [
      "management-pages",
      "a page for everybody",
      [...[pages(), page], ingressRule({ cidrIpv4: EVERYBODY, fromPort: 9000, toPort: 9000 })],
      'open: lets "0.0.0.0/0" in to portainer (9000/tcp), which is a page for administrators; write ' +
        "their networks (ec2AdminCidrs, on KVM adminCidrs)",
    ],
    [
      "management-pages",
      "a page for users' networks, by a range of ports",
      [...[pages(), page], group([{ fromPort: 1, toPort: 9999, cidrBlocks: ["198.51.100.0/24"] }])],
      'nodes: lets "198.51.100.0/24" in to portainer (9000/tcp)',
    ],
    [
      "management-pages",
      "a page for IPv6",
      [
        ...[pages(), page],
        ingressRule({ cidrIpv6: "2001:db8::/32", fromPort: 9000, toPort: 9000 }),
      ],
      'open: lets "2001:db8::/32" in to portainer (9000/tcp)',
    ],
    [
      "management-pages",
      "a page on a load balancer",
      [
        ...[pages(), page],
        { type: "aws:lb/targetGroup:TargetGroup", props: { port: 9000, protocol: "TCP" } },
      ],
      "it: puts portainer (9000/tcp) on a load balancer",
    ],
    [
      "management-pages",
      "a page that the nodes' firewall does not know of",
      [pages({ adminPorts: { ports: [8080], from: ["203.0.113.0/24"] } }), page],
      "-: the nodes' firewall does not keep portainer (9000/tcp) to the admin networks",
    ],
    [
      "management-pages",
      "administrators that are everybody",
      [pages({ adminPorts: { ports: [9000], from: [EVERYBODY] } }), page],
      '-: pages for administrators are open to "0.0.0.0/0"',
    ],
    [
      "internal-advertise",
      "a public address",
      [stack({ nodes: [{ ...node("mg0"), advertiseAddress: "203.0.113.7" }] })],
      'mg0: advertises "203.0.113.7", which is not private; write one of the internal network\'s',
    ],
    [
      "internal-advertise",
      "the address that users come in by",
      [stack({ nodes: [{ ...node("mg0"), ingressAddress: "192.168.42.10" }] })],
      'mg0: advertises "192.168.42.10", which is where published ports are',
    ],
    [
      "internal-advertise",
      "an address in the NAT network",
      [
        libvirtNetwork("docker-network", "192.168.123.1", "nat"),
        stack({ nodes: [{ ...node("mg0"), advertiseAddress: "192.168.123.11" }] }),
      ],
      'mg0: advertises "192.168.123.11", which lies in the NAT network "docker-network" ' +
        "(192.168.123.0/24)",
    ],
    [
      "one-ingress-network",
      "two",
      [ingress("mesh"), ingress("second")],
      'second: "second" has ingress: true, as mesh has already; remove it',
    ],
    [
      "one-ingress-network",
      "none",
      [{ type: "swarm:swarm:Swarm" }],
      "-: no network has ingress: true; write one",
    ],
    [
      "no-overlapping-networks",
      "containers where the machines are",
      [libvirtNetwork("nat", "192.168.123.1"), ingress("mesh", "192.168.0.0/16")],
      "mesh: mesh (192.168.0.0/16) overlaps nat (192.168.123.0/24); write a subnet outside it",
    ],
    [
      "no-overlapping-networks",
      "a VPC in the overlay networks' pool",
      [
        { type: "aws:ec2/vpc:Vpc", name: "vpc", props: { cidrBlock: "10.20.0.0/16" } },
        stack({ overlayAddressPool: "10.0.0.0/8" }),
      ],
      "vpc: vpc (10.20.0.0/16) overlaps the overlay networks' address pool (10.0.0.0/8)",
    ],
    [
      "no-overlapping-networks",
      "docker_gwbridge on docker0",
      [stack({ gwbridge: { subnet: "172.16.0.0/15" } })],
      "-: docker0 (172.17.0.0/16) overlaps gwbridge (172.16.0.0/15)",
    ],
    [
      "protect-manager-disks",
      "a disk that can be deleted",
      [stack({ nodes: [node("mg0")] }), disk("mg0-disk", false)],
      "mg0-disk: protect is false on a manager's disk; write protect: true in its options",
    ],
    [
      "protect-manager-disks",
      "an instance that can be deleted",
      [stack({ nodes: [node("mg0")] }), disk("mg0-instance", false, "aws:ec2/instance:Instance")],
      "mg0-instance: protect is false",
    ],
  ])("%s: %s", (rule, _, resources, message) => {
    expect(checkStack(rule, resources)).toEqual([expect.stringContaining(message)]);
  });
});

describe("the policies see", () => {
  test("what is not known yet as undefined", () => {
    const props = {
      name: "it",
      get id(): string {
        throw new Error("string value at .id can't be known during preview");
      },
      list: [{ a: 1 }],
    };
    expect(known(props)).toStrictEqual({ name: "it", id: undefined, list: [{ a: 1 }] });
  });

  test("where a resource has secrets", () => {
    const props = { a: new Secret("x"), b: [{ c: new Secret("y") }, "z"], d: "w" };
    expect(secretPaths(props)).toEqual(new Set(["a", "b.0.c"]));
  });
});

describe("every rule", () => {
  const all = [...resourceRules, ...stackRules];

  test("has a name of its own and says what for", () => {
    expect(new Set(policies.map(({ name }) => name)).size).toBe(all.length + 1);
    for (const { description } of all) expect(description).toMatch(/^[A-Z].+[:.,].+\.$/s);
  });

  test("is mandatory, but for the one that has to be asked for", () => {
    const others = all.filter(({ level }) => level !== "mandatory");
    expect(others.map(({ name, level }) => [name, level])).toEqual([
      ["protect-manager-disks", "disabled"],
    ]);
  });

  test("has its row in the table of docs/review.md", () => {
    const text = readFileSync(join(root, "docs/review.md"), "utf8");
    const rows = text
      .split("\n")
      .filter((line) => /^\| `[a-z-]+` \| (mandatory|disabled) /.test(line));
    expect(rows).toEqual(
      all.map(({ name, level, description }) => `| \`${name}\` | ${level} | ${description} |`),
    );
  });

  test("that the example of a config names is there", () => {
    const example = JSON.parse(readFileSync(join(root, "policy/config.example.json"), "utf8"));
    expect(Object.keys(example).length).toBeGreaterThan(0);
    const names = all.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(Object.keys(example)));
  });
});

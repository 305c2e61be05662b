import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { publishedPorts } from "../../../components/service/compose";
import { ruleName, securityRules } from "../../../components/ec2/securityRules";
import { parseConfig } from "../../../stacks/config";
import { planServices } from "../../../stacks/services";
import { readStackConfig } from "../../../stacks/stackFile";
import {
  changed,
  COMPONENT,
  COMPOSE_FILE,
  key,
  keys,
  refusal,
  resource,
  useFolder,
} from "../graphRun";
import { EXISTING, publicAddress, refusedOnEc2, SUBNETS, upOnEc2 } from "../ec2Run";
import { resolve, type Registration, type Run } from "../harness";

const PROJECT = join(__dirname, "../../..");
const NODES = ["mg0", "mg1", "mg2", "worker0", "worker1", "worker2"];
const MANAGERS = ["mg0", "mg1", "mg2"];
const SMALL = { managers: "1", workers: "1", storage: "none" };
const PRIVATE = /PRIVATE KEY/;

/** The stack `aws`. */
let aws: Run;
/** One manager and one worker, with nothing beside them. */
let small: Run;
/** The same with every option. */
let all: Run;

jest.setTimeout(60_000); // enough for a machine that does other things too

useFolder();
beforeAll(async () => {
  aws = await upOnEc2();
  small = await upOnEc2(SMALL);
  all = await upOnEc2({
    ...SMALL,
    storage: "efs",
    ec2Balancer: "true",
    ec2ApiBalancer: "true",
    ec2SessionManager: "true",
    ec2SpotWorkers: "true",
    composeFile: COMPOSE_FILE,
  });
});

const ofType = ({ resources }: Run, type: string) =>
  resources.filter((one) => one.type.endsWith(`:${type}`));
const names = (list: Registration[]) => list.map(({ name }) => name);

describe("the resources on EC2", () => {
  test("of three managers and three workers are these: type, name, parent", () => {
    expect(`\n${keys(aws).join("\n")}\n`).toMatchSnapshot();
  });

  test("have one name each, which begins with that of the component they are part of", () => {
    for (const run of [aws, all]) {
      expect(new Set(names(run.resources)).size).toBe(run.resources.length);
      // Those of the target are named as they were when they were no part of a component.
      for (const { name, parent } of run.resources.filter(
        (one) => one.parent && one.parent !== "ec2",
      )) {
        expect(resource(run, parent!).type).toMatch(COMPONENT);
        expect(name.startsWith(`${parent}-`)).toBe(true);
      }
    }
  });

  test("are all part of a component, but for one key", () => {
    const onTop = aws.resources.filter((one) => !one.parent && !COMPONENT.test(one.type));
    expect(names(onTop)).toEqual(["secret-names"]);
  });

  test("are the same in a preview, where nothing is known that providers answer", async () => {
    const preview = await upOnEc2({}, { preview: true });
    expect(keys(preview)).toEqual(keys(aws));
    expect(resource(preview, "mg1-instance").inputs).toMatchObject({
      instanceType: "t3.small",
      privateIp: "192.168.136.11",
    });
  });

  test("are tagged, wherever AWS has tags for them", () => {
    const untagged = ["Route", "RouteTableAssociation", "EipAssociation", "RolePolicy"];
    const others = ["MountTarget", "TargetGroupAttachment"];
    const tagged = [...aws.resources, ...all.resources].filter(
      ({ type }) =>
        type.startsWith("aws:") && ![...untagged, ...others].includes(type.split(":")[2]!),
    );
    expect(tagged.length).toBeGreaterThan(100);
    for (const { name, inputs } of tagged) {
      expect([name, inputs.tags]).toEqual([
        name,
        {
          Name: expect.stringMatching(/^aws-/),
          project: "pulumi-swarm",
          stack: "aws",
          role: expect.any(String),
        },
      ]);
    }
  });
});

describe("an instance", () => {
  test.each(NODES)("%s is where it was planned, and as closed as it can be", (node) => {
    const zone = Number(node.at(-1)) % 3;
    const manager = node.startsWith("mg");
    const { inputs, opts, dependsOn } = resource(aws, `${node}-instance`);
    expect(inputs).toMatchObject({
      ami: "ami-0123456789abcdef0",
      instanceType: "t3.small",
      subnetId: `vpc-public-${zone}-id`,
      privateIp: `192.168.${128 + 8 * zone}.${manager ? 10 + zone : 20 + zone}`,
      vpcSecurityGroupIds: ["security-nodes-id", ...(manager ? ["security-managers-id"] : [])],
      iamInstanceProfile: `${node}-profile`,
      rootBlockDevice: { encrypted: true, volumeType: "gp3", volumeSize: 19 },
      metadataOptions: {
        httpEndpoint: "enabled",
        httpTokens: "required",
        httpPutResponseHopLimit: 1,
      },
      userDataReplaceOnChange: true,
    });
    expect(inputs).not.toHaveProperty("instanceMarketOptions");
    expect(opts).toMatchObject({
      deleteBeforeReplace: true,
      replaceOnChanges: ["instanceType", "rootBlockDevice"],
    });
    // The way to it is there before it, and goes after it.
    expect(dependsOn).toEqual(["vpc", "security", `${node}-first-boot`, `${node}-policy`]);
  });

  test("is a spot instance where it is a worker, and that is asked for", () => {
    expect(resource(all, "worker0-instance").inputs.instanceMarketOptions).toEqual({
      marketType: "spot",
    });
    expect(resource(all, "mg0-instance").inputs).not.toHaveProperty("instanceMarketOptions");
  });

  test("has an elastic IP as a manager, and another public one as a worker", () => {
    expect(names(ofType(aws, "Eip"))).toEqual(MANAGERS.map((node) => `elastic-ips-${node}`));
    expect(resource(aws, "mg1-address").inputs).toEqual({
      allocationId: "eipalloc-elastic-ips-mg1",
      instanceId: "mg1-instance-id",
    });
    // AWS would report an address, and the next run would find a difference.
    expect(resource(aws, "mg1-instance").inputs).not.toHaveProperty("associatePublicIpAddress");
    expect(resource(aws, "worker1-instance").inputs.associatePublicIpAddress).toBe(true);
  });

  test("stays with a newer Debian, unless its ID is in the config", async () => {
    const newer = (token: string, inputs: Record<string, unknown>) =>
      token.includes("getAmi") ? { id: "ami-00000000000000002" } : { names: [inputs && "a"] };
    const after = await upOnEc2({ ...SMALL, ec2Zones: "1" }, { calls: newer });
    expect(resource(after, "mg0-instance").inputs.ami).toBe("ami-00000000000000002");
    expect(resource(after, "mg0-instance").opts.ignoreChanges).toEqual(["ami"]);
    const fixed = await upOnEc2({ ...SMALL, ec2Ami: "ami-00000000000000003" });
    expect(resource(fixed, "mg0-instance").inputs.ami).toBe("ami-00000000000000003");
    expect(resource(fixed, "mg0-instance").opts.ignoreChanges).toBeUndefined();
  });

  test("stays when only Docker's configuration changes, which `ready` brings to it", async () => {
    const after = await upOnEc2({ ...SMALL, registryMirror: "http://192.0.2.1:5000" });
    expect(changed(small, after)).toEqual([
      ...["mg0-first-boot", "swarm-engines", "swarm-mg0-ready"],
      ...["swarm-worker0-ready", "worker0-first-boot"],
    ]);
  });

  test.each([
    ["ec2InstanceType", "t3.medium", "instanceType"],
    ["diskMB", "40000", "rootBlockDevice"],
    ["sshUser", "debian", "userData"],
    ["gwbridgeMtu", "1400", "userData"],
  ])("is replaced when %s changes", async (name, value, input) => {
    const after = await upOnEc2({ ...SMALL, [name]: value });
    const inputs = ({ inputs }: Registration) => inputs[input];
    expect(inputs(resource(after, "mg0-instance"))).not.toEqual(
      inputs(resource(small, "mg0-instance")),
    );
    const { opts } = resource(after, "mg0-instance");
    expect([...opts.replaceOnChanges!, "userData"]).toContain(input);
  });
});

describe("secrets on EC2", () => {
  const userData = (run: Run, node: string) =>
    resource(run, `${node}-instance`).inputs.userData as string;

  test.each(NODES)("are not in the user data of %s, which is no secret", (node) => {
    expect(userData(aws, node)).not.toMatch(PRIVATE);
    expect(resource(aws, `${node}-instance`).shown.userData).toBe(userData(aws, node));
  });

  test.each(NODES)("leave room in the user data of %s, of which AWS takes 16 KB", (node) => {
    expect(Buffer.byteLength(userData(aws, node))).toBeLessThan(16 * 1024);
  });

  test("are in the parameter of their machine, and marked as such", () => {
    for (const node of NODES) {
      const { inputs, shown } = resource(aws, `${node}-first-boot`);
      expect(inputs).toMatchObject({
        name: `/pulumi-swarm/aws/${node}/first-boot`,
        type: "SecureString",
      });
      expect(shown.value).toBe("[secret]");
      const words = (inputs.value as string).split(" ");
      const files = words.flatMap((word, i) =>
        i % 3 === 0 ? [[word, words[i + 1], Buffer.from(words[i + 2]!, "base64").toString()]] : [],
      );
      expect(files[0]).toEqual([
        "/etc/ssh/ssh_host_ed25519_key",
        "0600",
        `-----BEGIN OPENSSH PRIVATE KEY-----\n${node}-host-key\n`,
      ]);
      expect(files.map(([path]) => path)).toEqual([
        "/etc/ssh/ssh_host_ed25519_key",
        "/etc/docker/daemon.json",
        ...(node.startsWith("mg")
          ? ["ca", "cert", "key"].map((file) => `/etc/docker/tls/${file}.pem`)
          : []),
      ]);
    }
  });

  test("of a machine can be read by that machine alone", () => {
    for (const node of NODES) {
      const { inputs } = resource(aws, `${node}-policy`);
      expect(inputs.role).toBe(`${node}-role-id`);
      expect(JSON.parse(inputs.policy as string).Statement).toEqual([
        {
          Effect: "Allow",
          Action: ["ssm:GetParameter"],
          Resource: `arn:aws:ssm:eu-central-1:123456789012:parameter/pulumi-swarm/aws/${node}/first-boot`,
        },
      ]);
    }
  });

  test("stay each machine's own with Session Manager", () => {
    const { inputs } = resource(all, "mg0-policy");
    const [own, sessions] = JSON.parse(inputs.policy as string).Statement;
    expect(own.Resource).toMatch(/\/mg0\/first-boot$/);
    expect(sessions.Resource).toBe("*");
    expect(sessions.Action).not.toHaveLength(0);
    for (const action of sessions.Action) expect(action).not.toMatch(/Parameter|\*/);
    // AWS's own policy for it would let every machine read every parameter.
    expect(ofType(all, "RolePolicyAttachment")).toEqual([]);
  });

  test("are not visible in any input", () => {
    expect(JSON.stringify(aws.resources.map(({ inputs }) => inputs))).toMatch(PRIVATE);
    expect(JSON.stringify(all.resources.map(({ shown }) => shown))).not.toMatch(PRIVATE);
  });
});

describe("the network on EC2", () => {
  test("leads out of public subnets, and not out of internal ones", () => {
    expect(names(ofType(aws, "Route"))).toHaveLength(1);
    expect(resource(aws, "vpc-way-out").inputs).toEqual({
      routeTableId: "vpc-public-routes-id",
      destinationCidrBlock: "0.0.0.0/0",
      gatewayId: "vpc-gateway-id",
    });
    for (const zone of [0, 1, 2]) {
      for (const kind of ["public", "internal"]) {
        expect(resource(aws, `vpc-${kind}-${zone}-routes`).inputs).toEqual({
          subnetId: `vpc-${kind}-${zone}-id`,
          routeTableId: `vpc-${kind}-routes-id`,
        });
        expect(resource(aws, `vpc-${kind}-${zone}`)).toMatchObject({
          inputs: { availabilityZone: `eu-central-1${"abc"[zone]}` },
          opts: { ignoreChanges: ["availabilityZone"] },
        });
      }
    }
  });

  test("has the planned rules, each as a resource", () => {
    const config = parseConfig(readStackConfig(PROJECT, "aws"));
    const published = publishedPorts(planServices(config), undefined);
    const rules = [
      ...ofType(aws, "SecurityGroupIngressRule"),
      ...ofType(aws, "SecurityGroupEgressRule"),
    ];
    expect(names(rules).sort()).toEqual(
      securityRules({ config, published })
        .map((rule) => `security-${ruleName(rule)}`)
        .sort(),
    );
    expect(resource(aws, "security-nodes-in-esp-nodes").inputs).toMatchObject({
      securityGroupId: "security-nodes-id",
      ipProtocol: "50",
      referencedSecurityGroupId: "security-nodes-id",
    });
    expect(resource(aws, "security-nodes-in-esp-nodes").inputs).not.toHaveProperty("fromPort");
    expect(resource(aws, "security-nodes-in-tcp-22-203.0.113.0-24")).toMatchObject({
      type: "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
      inputs: { ipProtocol: "tcp", fromPort: 22, toPort: 22, cidrIpv4: "203.0.113.0/24" },
    });
    expect(resource(aws, "security-nodes-out-all-0.0.0.0-0")).toMatchObject({
      type: "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
      inputs: { ipProtocol: "-1", cidrIpv4: "0.0.0.0/0" },
    });
    expect(resource(aws, "security-nodes-in-icmp-nodes").inputs).toMatchObject({
      ipProtocol: "icmp",
      fromPort: -1,
      toPort: -1,
    });
  });

  test("opens what a compose file publishes", () => {
    expect(resource(all, "security-nodes-in-tcp-8081-0.0.0.0-0").inputs.fromPort).toBe(8081);
  });

  test("has no more zones than the region", async () => {
    const calls = (token: string) =>
      token.includes("getAmi") ? { id: "ami-1" } : { names: ["x1", "x2"] };
    const { message, registered } = await refusal(upOnEc2({}, { calls }));
    expect(message).toContain('ec2Zones: "3" is more than this region has (x1, x2)');
    expect(registered).toEqual([]);
  });

  test("is a VPC that exists, where there is one", async () => {
    const [a, b] = Object.keys(SUBNETS);
    const run = await upOnEc2({ ...EXISTING, ec2PublicSubnets: `${a},${b}`, storage: "none" });
    expect(names(run.resources.filter(({ parent }) => parent === "vpc"))).toEqual([]);
    expect(resource(run, "mg1-instance").inputs).toMatchObject({
      subnetId: b,
      privateIp: "172.30.2.11",
    });
    expect(resource(run, "security-nodes").inputs.vpcId).toBe(EXISTING.ec2VpcId);
    expect((await resolve(run.outputs.networkIds)).value).toEqual({
      vpc: EXISTING.ec2VpcId,
      "public-0": a,
      "public-1": b,
    });
    expect(resource(run, "swarm-mg0-ready").inputs.stdin).toContain("172.30.0.0/16");
  });

  test.each([
    ["subnet-0000000000000000c", "which is too small"],
    ["subnet-0000000000000000d", "which is not in ec2VpcCidr"],
    ["subnet-0000000000000000e", "write a subnet of ec2VpcId"],
  ])("is not made of %s, %s, and nothing else is", async (subnet, problem) => {
    const existing = { ...SMALL, ...EXISTING, ec2PublicSubnets: subnet };
    const { message, registered } = await refusedOnEc2(existing);
    expect(message).toContain(problem);
    expect(registered).toEqual([]);
  });
});

describe("load balancers", () => {
  test("are there only where they are asked for", () => {
    expect(ofType(aws, "LoadBalancer")).toEqual([]);
  });

  test("take no management page", () => {
    expect(names(all.resources).filter((name) => /^balancer-.*9000/.test(name))).toEqual([]);
  });

  test("take each port of the mesh to all nodes, and check it", () => {
    expect(resource(all, "balancer-nlb").inputs).toMatchObject({
      loadBalancerType: "network",
      subnets: ["vpc-public-0-id", "vpc-public-1-id", "vpc-public-2-id"],
      securityGroups: ["security-balancer-id"],
    });
    for (const port of [80, 8081]) {
      expect(resource(all, `balancer-tcp-${port}`).inputs).toMatchObject({
        protocol: "TCP",
        port,
        targetType: "instance",
        healthCheck: { protocol: "TCP", port: `${port}` },
      });
      expect(resource(all, `balancer-tcp-${port}-listener`).inputs).toMatchObject({
        loadBalancerArn: "arn:balancer-nlb",
        protocol: "TCP",
        port,
        defaultActions: [{ type: "forward", targetGroupArn: `arn:balancer-tcp-${port}` }],
      });
      for (const node of ["mg0", "worker0"]) {
        expect(resource(all, `balancer-tcp-${port}-${node}`).inputs.targetId).toBe(
          `${node}-instance-id`,
        );
      }
    }
  });

  test("leave ports out that are open only where a task runs", async () => {
    const run = await upOnEc2({
      ...SMALL,
      ec2Balancer: "true",
      webPublish: "host:80:80",
      webReplicas: "2",
      composeFile: COMPOSE_FILE,
    });
    const listeners = names(ofType(run, "Listener"));
    expect(listeners).toEqual(["balancer-tcp-8081-listener"]);
    expect(resource(run, "security-nodes-in-tcp-80-0.0.0.0-0").inputs.toPort).toBe(80);
  });

  test("lead to the API of managers, whose certificates name them", async () => {
    const attached = names(ofType(all, "TargetGroupAttachment"));
    expect(attached.filter((name) => name.startsWith("api-balancer"))).toEqual([
      "api-balancer-tcp-2376-mg0",
    ]);
    expect(resource(all, "api-mg0-request").inputs.dnsNames).toEqual([
      "mg0",
      "localhost",
      "api-balancer-nlb.elb.amazonaws.com",
    ]);
    expect((await resolve(all.outputs.dockerHost)).value).toBe(
      "tcp://api-balancer-nlb.elb.amazonaws.com:2376",
    );
  });
});

describe("the file system", () => {
  test("has an address in every zone, in the internal subnets", () => {
    expect(resource(aws, "efs-files").inputs.encrypted).toBe(true);
    expect(ofType(aws, "MountTarget").map(({ inputs }) => inputs)).toEqual(
      [0, 1, 2].map((zone) => ({
        fileSystemId: "efs-files-id",
        subnetId: `vpc-internal-${zone}-id`,
        securityGroups: ["security-efs-id"],
      })),
    );
  });

  test("is what services keep their data on", async () => {
    const server = "fs-1.efs.eu-central-1.amazonaws.com";
    const { inputs } = resource(aws, "volumes-folders");
    expect(inputs.create).toContain(` 'sudo -n bash -s -- 900 ${server} / portainer'`);
    const portainer = JSON.stringify(resource(aws, "services-portainer-service").inputs);
    expect(portainer).toContain(`addr=${server},nfsvers=4.1,`);
    expect(portainer).toContain('":/portainer"');
    expect((await resolve(aws.outputs.storage)).value).toEqual({
      kind: "efs",
      server,
      export: "/",
    });
  });
});

describe("the outputs on EC2", () => {
  test("have the nodes' public and private addresses", async () => {
    expect((await resolve(aws.outputs.nodes)).value).toContainEqual({
      name: "mg2",
      role: "manager",
      ingressAddress: publicAddress("mg2"),
      advertiseAddress: "192.168.144.12",
      id: "id-mg2",
      availability: "active",
      labels: [],
    });
    expect((await resolve(aws.outputs.networkIds)).value).toMatchObject({
      vpc: "vpc-vpc-id",
      "public-2": "vpc-public-2-id",
      "internal-0": "vpc-internal-0-id",
    });
  });

  test("say how to log in, what host keys to expect, and where the API is", async () => {
    const address = publicAddress("worker1");
    expect((await resolve(aws.outputs.ssh)).value).toMatchObject({
      worker1: "ssh -F .cache/ssh/aws/config worker1",
    });
    expect((await resolve(aws.outputs.sshKnownHosts)).value).toContain(
      `${address} ssh-ed25519 AAAAworker1-host-key`,
    );
    expect((await resolve(aws.outputs.apiHosts)).value).toEqual(
      MANAGERS.map((node) => `tcp://${publicAddress(node)}:2376`),
    );
    expect((await resolve(aws.outputs.dockerHost)).value).toBe(
      `tcp://${publicAddress("mg0")}:2376`,
    );
  });

  test("are the API's private addresses where it is not open outside", async () => {
    const { outputs } = await upOnEc2({ ...SMALL, apiOutside: "false", ec2ElasticIps: "none" });
    expect((await resolve(outputs.apiHosts)).value).toEqual(["tcp://192.168.128.10:2376"]);
  });
});

test("the firewall of a node knows its private address only, which packets arrive with", () => {
  const stdin = resource(aws, "swarm-mg0-ready").inputs.stdin as string;
  expect(stdin).toContain("ip daddr 192.168.128.10 tcp dport { 22, 2376 } accept");
  expect(stdin).toContain("ip saddr { 192.168.128.0/18 } ip daddr 192.168.128.10 tcp dport");
  expect(stdin).not.toContain("ct status dnat");
  expect(stdin).toContain("ip daddr { 192.168.128.0/18 } tcp dport { 22, 2049, 2376, 2377, 7946");
  expect(stdin).not.toContain(publicAddress("mg0"));
});

test("a wrong config is refused before anything is registered", async () => {
  const { message, registered } = await refusedOnEc2({
    ec2AdminCidrs: "0.0.0.0/0",
    ec2Zones: "9",
    storage: "machine",
  });
  for (const name of ["ec2AdminCidrs", "ec2Zones", "storage"])
    expect(message).toContain(`${name}: `);
  expect(registered).toEqual([]);
});

test("@pulumi/aws is loaded by its parts: the whole of it takes longer than the program", () => {
  const program = `
    require("./index.ts");
    const whole = Object.keys(require.cache).filter((file) => /@pulumi.aws.index\\.js$/.test(file));
    console.log(JSON.stringify(whole));`;
  const tsx = join(PROJECT, "node_modules/.bin/tsx");
  const printed = execFileSync(tsx, ["--eval", program], { cwd: PROJECT, encoding: "utf8" });
  expect(JSON.parse(printed)).toEqual([]);
});

test("nothing here has the key of another run", () => {
  expect(keys(small).filter((one) => !keys(all).includes(one))).toEqual([]);
  expect(all.resources.map(key)).toHaveLength(new Set(all.resources.map(key)).size);
});

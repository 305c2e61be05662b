/**
 * The target `ec2` on an emulated AWS (moto): every resource is made through the AWS SDK, and what
 * AWS then holds is looked at.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as ec2 from "@aws-sdk/client-ec2";
import { DescribeFileSystemsCommand, DescribeMountTargetsCommand } from "@aws-sdk/client-efs";
import * as elb from "@aws-sdk/client-elastic-load-balancing-v2";
import * as iam from "@aws-sdk/client-iam";
import { DescribeParametersCommand, GetParameterCommand } from "@aws-sdk/client-ssm";
import { aws, awsCalls } from "../../lab/rehearsal/aws";
import * as clients from "../../lab/rehearsal/awsServices";
import { rehearse } from "../../lab/rehearsal";
import { readStackConfig } from "../../stacks/stackFile";
import { FakeNode, scriptText } from "../unit/fakeNode";
import { InstanceView, PLACES } from "./metadata";
import { Moto } from "./moto";

interface Outputs {
  nodes: { name: string; ingressAddress: string; advertiseAddress: string; identity: string }[];
  storage: { kind: string; server: string; export: string };
  networkIds: Record<string, string>;
  apiAddress: string;
  certificates: Record<string, { ca: string; cert: string; key: string }>;
}

const PROJECT = join(__dirname, "../..");
const NODES = ["mg0", "mg1", "mg2", "worker0", "worker1", "worker2"];
const MANAGERS = ["mg0", "mg1", "mg2"];
const PRIVATE = /PRIVATE KEY/;
/** The newest image of amis.json that is Debian's own, for x86-64, and no backport. */
const DEBIAN = "ami-0000000000000000b";

const client = new ec2.EC2Client({ region: "eu-central-1" });
let moto: Moto;
let outputs: Outputs;
let resources: number;

jest.setTimeout(120_000);

async function up(config: Record<string, string>, stack = "aws") {
  const result = await rehearse({
    projectDir: join(__dirname, "program"),
    stack,
    config: { ...readStackConfig(PROJECT, "aws"), ...config },
    executors: aws,
    calls: awsCalls,
  });
  return { ...result, outputs: result.outputs as unknown as Outputs };
}

beforeAll(async () => {
  moto = await Moto.start();
  ({ outputs, resources } = await up({
    ec2Balancer: "true",
    ec2ApiBalancer: "true",
    ec2SpotWorkers: "true",
    ec2AdminCidrs: "203.0.113.7/32,198.51.100.0/24",
  }));
});
afterAll(() => moto?.stop());

/** The name that Pulumi.aws.yaml's stack gives a thing, without the stack's. */
function nameOf(tags: { Key?: string; Value?: string }[] | undefined): string {
  return tags?.find(({ Key }) => Key === "Name")?.Value?.replace(/^aws-/, "") ?? "";
}

async function instances(): Promise<Record<string, ec2.Instance>> {
  const { Reservations = [] } = await client.send(new ec2.DescribeInstancesCommand({}));
  const all = Reservations.flatMap(({ Instances = [] }) => Instances);
  return Object.fromEntries(all.map((one) => [nameOf(one.Tags), one]));
}

const mine = () => [{ Name: "vpc-id", Values: [outputs.networkIds.vpc!] }];

test("every resource of the target is made", () => {
  expect(resources).toBeGreaterThan(120);
  expect(outputs.nodes.map(({ name }) => name)).toEqual(NODES);
});

describe("the network", () => {
  test("is a VPC with a public and an internal subnet in each of three zones", async () => {
    const { Vpcs } = await client.send(
      new ec2.DescribeVpcsCommand({ VpcIds: [outputs.networkIds.vpc!] }),
    );
    expect(Vpcs).toMatchObject([{ CidrBlock: "192.168.128.0/18" }]);
    const { Subnets = [] } = await client.send(new ec2.DescribeSubnetsCommand({ Filters: mine() }));
    expect(
      Subnets.map((one) => [nameOf(one.Tags), one.CidrBlock, one.AvailabilityZone]).sort(),
    ).toEqual([
      ["internal-0", "192.168.160.0/21", "eu-central-1a"],
      ["internal-1", "192.168.168.0/21", "eu-central-1b"],
      ["internal-2", "192.168.176.0/21", "eu-central-1c"],
      ["public-0", "192.168.128.0/21", "eu-central-1a"],
      ["public-1", "192.168.136.0/21", "eu-central-1b"],
      ["public-2", "192.168.144.0/21", "eu-central-1c"],
    ]);
    for (const { Tags, SubnetId } of Subnets) {
      expect(outputs.networkIds[nameOf(Tags)]).toBe(SubnetId);
    }
  });

  test("has names in it, for the file system", async () => {
    for (const Attribute of ["enableDnsSupport", "enableDnsHostnames"] as const) {
      const VpcId = outputs.networkIds.vpc!;
      const found = await client.send(new ec2.DescribeVpcAttributeCommand({ VpcId, Attribute }));
      expect((found.EnableDnsSupport ?? found.EnableDnsHostnames)?.Value).toBe(true);
    }
  });

  test.each(["public", "internal"])("has routes of %s subnets as wanted", async (kind) => {
    const { InternetGateways = [] } = await client.send(
      new ec2.DescribeInternetGatewaysCommand({
        Filters: [{ Name: "attachment.vpc-id", Values: [outputs.networkIds.vpc!] }],
      }),
    );
    const { RouteTables = [] } = await client.send(
      new ec2.DescribeRouteTablesCommand({ Filters: mine() }),
    );
    const table = RouteTables.find(({ Tags }) => nameOf(Tags) === `${kind}-routes`)!;
    const local = ["192.168.128.0/18", "local"];
    const wayOut = ["0.0.0.0/0", InternetGateways[0]!.InternetGatewayId];
    expect(table.Routes?.map((one) => [one.DestinationCidrBlock, one.GatewayId])).toEqual(
      kind === "public" ? [local, wayOut] : [local],
    );
    expect(table.Associations?.flatMap(({ SubnetId }) => SubnetId ?? []).sort()).toEqual(
      [0, 1, 2].map((zone) => outputs.networkIds[`${kind}-${zone}`]).sort(),
    );
  });
});

describe("the security groups", () => {
  /** Every rule as a line: GROUP in|out PROTOCOL[/PORT] PEER. */
  async function rules(): Promise<string[]> {
    const { SecurityGroups = [] } = await client.send(
      new ec2.DescribeSecurityGroupsCommand({ Filters: mine() }),
    );
    const names = new Map(SecurityGroups.map((one) => [one.GroupId, nameOf(one.Tags)]));
    const lines = (group: string, direction: string, list: ec2.IpPermission[] = []) =>
      list.flatMap(({ IpProtocol, FromPort, ToPort, IpRanges = [], UserIdGroupPairs = [] }) => {
        const ports = FromPort === ToPort ? `${FromPort}` : `${FromPort}-${ToPort}`;
        const what = ["tcp", "udp"].includes(IpProtocol!) ? `${IpProtocol}/${ports}` : IpProtocol;
        const peers = [
          ...IpRanges.map(({ CidrIp }) => CidrIp),
          ...UserIdGroupPairs.map(({ GroupId }) => names.get(GroupId)),
        ];
        return peers.map((peer) => `${group} ${direction} ${what} ${peer}`);
      });
    return SecurityGroups.filter(({ GroupName }) => GroupName !== "default").flatMap((one) => [
      ...lines(names.get(one.GroupId)!, "in", one.IpPermissions),
      ...lines(names.get(one.GroupId)!, "out", one.IpPermissionsEgress),
    ]);
  }

  test("let these through, and nothing else", async () => {
    expect((await rules()).sort()).toEqual(
      [
        "nodes in tcp/7946 nodes",
        "nodes in udp/7946 nodes",
        "nodes in udp/4789 nodes",
        "nodes in 50 nodes",
        "nodes in icmp nodes",
        "nodes in tcp/22 203.0.113.7/32",
        "nodes in tcp/22 198.51.100.0/24",
        "nodes in tcp/80 0.0.0.0/0",
        "nodes in tcp/9000 203.0.113.7/32",
        "nodes in tcp/9000 198.51.100.0/24",
        "nodes in tcp/80 balancer",
        "nodes out -1 0.0.0.0/0",
        "managers in tcp/2377 nodes",
        "managers in tcp/2376 nodes",
        "managers in tcp/2376 203.0.113.7/32",
        "managers in tcp/2376 198.51.100.0/24",
        "managers in tcp/2376 api-balancer",
        "efs in tcp/2049 nodes",
        "balancer in tcp/80 0.0.0.0/0",
        "balancer out tcp/80 nodes",
        "api-balancer in tcp/2376 203.0.113.7/32",
        "api-balancer in tcp/2376 198.51.100.0/24",
        "api-balancer out tcp/2376 managers",
      ].sort(),
    );
  });
});

describe("the instances", () => {
  test("are these six and no others", async () => {
    expect(Object.keys(await instances()).sort()).toEqual(NODES);
  });

  test.each(NODES)("%s is as it was planned", async (node) => {
    const zone = Number(node.at(-1));
    const manager = MANAGERS.includes(node);
    const instance = (await instances())[node]!;
    expect(instance).toMatchObject({
      ImageId: DEBIAN,
      InstanceType: "t3.small",
      SubnetId: outputs.networkIds[`public-${zone}`],
      PrivateIpAddress: `192.168.${128 + 8 * zone}.${(manager ? 10 : 20) + zone}`,
      PublicIpAddress: outputs.nodes.find(({ name }) => name === node)!.ingressAddress,
      State: { Name: "running" },
      MetadataOptions: { HttpTokens: "required", HttpPutResponseHopLimit: 1 },
    });
    expect(instance.InstanceLifecycle).toBe(manager ? undefined : "spot");
    expect(instance.NetworkInterfaces).toHaveLength(1);
    expect(instance.Tags).toEqual(
      expect.arrayContaining([
        { Key: "Name", Value: `aws-${node}` },
        { Key: "project", Value: "pulumi-swarm" },
        { Key: "stack", Value: "aws" },
        { Key: "role", Value: manager ? "manager" : "worker" },
      ]),
    );
  });

  test.each(NODES)("%s is in the groups that it should be in", async (node) => {
    const { SecurityGroups = [] } = await client.send(
      new ec2.DescribeSecurityGroupsCommand({ Filters: mine() }),
    );
    const names = new Map(SecurityGroups.map((one) => [one.GroupId, nameOf(one.Tags)]));
    const groups = (await instances())[node]!.NetworkInterfaces![0]!.Groups!.map((one) =>
      names.get(one.GroupId),
    );
    expect(groups.sort()).toEqual(node.startsWith("mg") ? ["managers", "nodes"] : ["nodes"]);
  });

  test.each(NODES)("%s has an encrypted disk of its own", async (node) => {
    const { InstanceId } = (await instances())[node]!;
    const { Volumes } = await client.send(
      new ec2.DescribeVolumesCommand({
        Filters: [{ Name: "attachment.instance-id", Values: [InstanceId!] }],
      }),
    );
    expect(Volumes).toMatchObject([{ Encrypted: true, Size: 19, VolumeType: "gp3" }]);
    expect(nameOf(Volumes![0]!.Tags)).toBe(node);
  });

  test("have elastic IPs where they are managers", async () => {
    const { Addresses = [] } = await client.send(new ec2.DescribeAddressesCommand({}));
    const all = await instances();
    expect(Addresses.map((one) => [nameOf(one.Tags), one.InstanceId]).sort()).toEqual(
      MANAGERS.map((node) => [node, all[node]!.InstanceId]),
    );
  });

  test.each(NODES)("%s has user data without a secret, within what AWS takes", async (node) => {
    const { UserData } = await client.send(
      new ec2.DescribeInstanceAttributeCommand({
        InstanceId: (await instances())[node]!.InstanceId,
        Attribute: "userData",
      }),
    );
    const userData = Buffer.from(UserData!.Value!, "base64").toString();
    expect(Buffer.byteLength(userData)).toBeLessThan(16 * 1024);
    expect(userData).not.toMatch(PRIVATE);
    for (const { key } of Object.values(outputs.certificates)) {
      expect(userData).not.toContain(key.split("\n")[1]);
    }
    const [firstLine, json] = userData.split("\n");
    expect(firstLine).toBe("#cloud-config");
    expect(JSON.parse(json!)).toMatchObject({
      hostname: node,
      users: [{ name: "admin", ssh_authorized_keys: [expect.stringMatching(/^ssh-ed25519 /)] }],
      write_files: [
        { path: "/etc/docker/gwbridge" },
        {
          path: "/usr/local/sbin/first-boot",
          content: readFileSync(join(PROJECT, "components/ec2/scripts/first-boot.sh"), "utf8"),
        },
      ],
      runcmd: [
        [
          "/usr/local/sbin/first-boot",
          `/pulumi-swarm/aws/${node}/first-boot`,
          expect.stringMatching(/^ssh-ed25519 /),
        ],
      ],
    });
  });
});

describe("the secrets", () => {
  async function files(node: string): Promise<Record<string, string>> {
    const { Parameter } = await clients.ssm().send(
      new GetParameterCommand({
        Name: `/pulumi-swarm/aws/${node}/first-boot`,
        WithDecryption: true,
      }),
    );
    expect(Parameter!.Type).toBe("SecureString");
    const words = Parameter!.Value!.split(" ");
    return Object.fromEntries(
      words.flatMap((word, i) =>
        i % 3 === 0 ? [[word, Buffer.from(words[i + 2]!, "base64").toString()]] : [],
      ),
    );
  }

  test("of every machine are in a parameter, and there is no other", async () => {
    const { Parameters = [] } = await clients.ssm().send(new DescribeParametersCommand({}));
    expect(Parameters.map(({ Name, Type }) => [Name, Type]).sort()).toEqual(
      NODES.map((node) => [`/pulumi-swarm/aws/${node}/first-boot`, "SecureString"]),
    );
  });

  test.each(NODES)("of %s are its host key, and on a manager its key of the API", async (node) => {
    const found = await files(node);
    expect(found["/etc/ssh/ssh_host_ed25519_key"]).toMatch(/^-----BEGIN OPENSSH PRIVATE KEY-----/);
    expect(found["/etc/docker/tls/key.pem"]).toBe(outputs.certificates[node]?.key);
    expect(found["/etc/docker/tls/cert.pem"]).toBe(outputs.certificates[node]?.cert);
  });

  test.each(NODES)("of %s fit into a parameter of the usual size", async (node) => {
    const Name = `/pulumi-swarm/aws/${node}/first-boot`;
    const { Parameter } = await clients
      .ssm()
      .send(new GetParameterCommand({ Name, WithDecryption: true }));
    expect(Parameter!.Value!.length).toBeLessThan(4096);
  });

  test.each(NODES)("of %s can be read with its role, and no others", async (node) => {
    const arn = (await instances())[node]!.IamInstanceProfile!.Arn!;
    const [, path, profile] = /instance-profile(\/.*\/)([^/]+)$/.exec(arn)!;
    expect(path).toBe("/pulumi-swarm/aws/");
    const { InstanceProfile } = await clients
      .iam()
      .send(new iam.GetInstanceProfileCommand({ InstanceProfileName: profile }));
    expect(InstanceProfile!.Roles).toHaveLength(1);
    const RoleName = InstanceProfile!.Roles![0]!.RoleName!;
    expect(RoleName).toMatch(new RegExp(`^${node}-role-`));
    const { PolicyNames } = await clients.iam().send(new iam.ListRolePoliciesCommand({ RoleName }));
    expect(PolicyNames).toHaveLength(1);
    const { AttachedPolicies } = await clients
      .iam()
      .send(new iam.ListAttachedRolePoliciesCommand({ RoleName }));
    expect(AttachedPolicies).toEqual([]);
    const { PolicyDocument } = await clients
      .iam()
      .send(new iam.GetRolePolicyCommand({ RoleName, PolicyName: PolicyNames![0]! }));
    const { Parameter } = await clients
      .ssm()
      .send(new GetParameterCommand({ Name: `/pulumi-swarm/aws/${node}/first-boot` }));
    expect(JSON.parse(decodeURIComponent(PolicyDocument!)).Statement).toEqual([
      { Effect: "Allow", Action: ["ssm:GetParameter"], Resource: Parameter!.ARN },
    ]);
  });

  test("reach a machine by its first boot, with a request as AWS wants it signed", async () => {
    const view = await InstanceView.start(moto.url);
    const node = new FakeNode();
    try {
      node.command("systemctl", "");
      // The real curl, on this machine's loopback; and the files in the fake node's folder.
      node.command(
        "curl",
        `arguments=("$@") url=\${!#}
         url=\${url/#"${PLACES.metadata}"/"${view.url}"} url=\${url/#"${PLACES.ssm}"/"${view.url}"}
         [[ $url == "${view.url}"* ]] || exit 3
         PATH=${process.env.PATH} command curl "\${arguments[@]:0:$#-1}" "$url" | sed "s|\\([ \\"]\\)/etc/|\\1$FAKE_NODE/etc/|g"
         exit "\${PIPESTATUS[0]}"`,
      );
      node.write("etc/ssh/ssh_host_rsa_key", "of the image");
      const finished = await node.bash(scriptText("ec2/first-boot"), [
        "/pulumi-swarm/aws/mg1/first-boot",
        "ssh-ed25519 AAAA",
      ]);
      expect(view.problems).toEqual([]);
      expect(finished).toEqual({ code: 0, stdout: "", stderr: "" });
      const wanted = await files("mg1");
      for (const [path, content] of Object.entries(wanted)) {
        expect(readFileSync(join(node.folder, path), "utf8")).toBe(content);
      }
      expect(node.read("etc/ssh/ssh_host_rsa_key")).toBeUndefined();
    } finally {
      node.remove();
      await view.stop();
    }
  });
});

describe("load balancers", () => {
  async function listeners() {
    const { LoadBalancers = [] } = await clients
      .elb()
      .send(new elb.DescribeLoadBalancersCommand({}));
    return Promise.all(
      LoadBalancers.map(async (balancer) => {
        const LoadBalancerArn = balancer.LoadBalancerArn!;
        const { Listeners = [] } = await clients
          .elb()
          .send(new elb.DescribeListenersCommand({ LoadBalancerArn }));
        const { TargetGroups = [] } = await clients
          .elb()
          .send(new elb.DescribeTargetGroupsCommand({ LoadBalancerArn }));
        return { balancer, Listeners, TargetGroups };
      }),
    );
  }

  test("are two, open to the outside, in all zones", async () => {
    const found = await listeners();
    expect(
      found.map(({ balancer }) => balancer.LoadBalancerName!.replace(/-nlb-.*/, "")).sort(),
    ).toEqual(["api-balancer", "balancer"]);
    for (const { balancer } of found) {
      expect(balancer).toMatchObject({ Type: "network", Scheme: "internet-facing" });
      expect(balancer.AvailabilityZones!.map(({ SubnetId }) => SubnetId).sort()).toEqual(
        [0, 1, 2].map((zone) => outputs.networkIds[`public-${zone}`]).sort(),
      );
    }
  });

  test("listen on what is published, and on the API, and check what is behind", async () => {
    const ports = (await listeners()).map(({ balancer, Listeners, TargetGroups }) => [
      balancer.LoadBalancerName!.replace(/-nlb-.*/, ""),
      Listeners.map(({ Protocol, Port }) => `${Protocol} ${Port}`).sort(),
      TargetGroups.map((group) => `${group.HealthCheckProtocol} ${group.HealthCheckPort}`).sort(),
    ]);
    expect(ports.sort()).toEqual([
      ["api-balancer", ["TCP 2376"], ["TCP 2376"]],
      ["balancer", ["TCP 80"], ["TCP 80"]],
    ]);
  });

  test("lead to all nodes, and to the managers", async () => {
    const all = await instances();
    const ids = (nodes: string[]) => nodes.map((node) => all[node]!.InstanceId).sort();
    for (const { balancer, TargetGroups } of await listeners()) {
      const expected = balancer.LoadBalancerName!.startsWith("api-") ? MANAGERS : NODES;
      for (const { TargetGroupArn } of TargetGroups) {
        const { TargetHealthDescriptions = [] } = await clients
          .elb()
          .send(new elb.DescribeTargetHealthCommand({ TargetGroupArn }));
        expect(TargetHealthDescriptions.map(({ Target }) => Target!.Id).sort()).toEqual(
          ids(expected),
        );
      }
    }
  });

  test("of the API has a name, which is the program's output", async () => {
    const names = (await listeners()).map(({ balancer }) => balancer.DNSName);
    expect(names).toContain(outputs.apiAddress);
  });
});

test("the file system is encrypted, and has an address in every internal subnet", async () => {
  const { FileSystems = [] } = await clients.efs().send(new DescribeFileSystemsCommand({}));
  expect(FileSystems).toMatchObject([{ Encrypted: true, Name: "aws-files" }]);
  const { FileSystemId } = FileSystems[0]!;
  expect(outputs.storage).toEqual({
    kind: "efs",
    server: `${FileSystemId}.efs.eu-central-1.amazonaws.com`,
    export: "/",
  });
  const { MountTargets = [] } = await clients
    .efs()
    .send(new DescribeMountTargetsCommand({ FileSystemId }));
  expect(MountTargets.map(({ SubnetId }) => SubnetId).sort()).toEqual(
    [0, 1, 2].map((zone) => outputs.networkIds[`internal-${zone}`]).sort(),
  );
});

describe("a VPC that is there already", () => {
  test("is used, and nothing is added to its network", async () => {
    const { Vpc } = await client.send(new ec2.CreateVpcCommand({ CidrBlock: "172.30.0.0/16" }));
    const { Subnet } = await client.send(
      new ec2.CreateSubnetCommand({ VpcId: Vpc!.VpcId, CidrBlock: "172.30.1.0/24" }),
    );
    const config = {
      ...{ managers: "1", workers: "0", storage: "none" },
      ec2VpcId: Vpc!.VpcId!,
      ec2VpcCidr: "172.30.0.0/16",
      ec2PublicSubnets: Subnet!.SubnetId!,
    };
    const { outputs } = await up(config, "guest");
    expect(outputs.networkIds).toEqual({ vpc: Vpc!.VpcId, "public-0": Subnet!.SubnetId });
    const Filters = [{ Name: "vpc-id", Values: [Vpc!.VpcId!] }];
    const { Subnets } = await client.send(new ec2.DescribeSubnetsCommand({ Filters }));
    expect(Subnets).toHaveLength(1);
    const { Reservations } = await client.send(new ec2.DescribeInstancesCommand({ Filters }));
    expect(Reservations!.flatMap(({ Instances = [] }) => Instances)).toMatchObject([
      { SubnetId: Subnet!.SubnetId, PrivateIpAddress: "172.30.1.10" },
    ]);
  });
});

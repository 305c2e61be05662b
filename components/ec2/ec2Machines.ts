import * as ec2 from "@pulumi/aws/ec2";
import { getAvailabilityZones } from "@pulumi/aws/getAvailabilityZones";
import * as tls from "@pulumi/tls";
import { Certificates } from "../swarm/certificates";
import { Ec2Machine } from "./ec2Machine";
import { Efs } from "./efs";
import { ElasticIps } from "./elasticIps";
import { LoadBalancer } from "./loadBalancer";
import { SecurityGroups } from "./securityGroups";
import { Vpc } from "./vpc";
import type { Config } from "../../stacks/config";
import { planEc2, type Ec2Surroundings } from "./plan";
import {
  balancedPorts,
  healthPort,
  securityGroups,
  securityRules,
  type SecurityGroupName,
} from "./securityRules";
import { API_PORT, planGwbridge } from "../swarm/engine";
import { planStorage } from "../storage/plan";
import { engineFiles } from "../swarm/engineFiles";
import type { Target, TargetArgs } from "../../stacks/target";

/**
 * Debian's own images, by the account that Debian publishes them from. The name has no `backports`
 * or `daily` in it, which are others. https://wiki.debian.org/Cloud/AmazonEC2Image/Trixie
 */
const DEBIAN = { owner: "136693071363", name: "debian-13-amd64-*" };

/**
 * Turns a plan into EC2 instances, in a VPC of the stack's own or in one that is there.
 *
 * @throws ConfigError when the config does not fit the region or that VPC, before anything is
 *   registered.
 */
export async function ec2Target({ config, stack, published }: TargetArgs): Promise<Target> {
  const plan = planEc2(config, stack, await surroundings(config));
  const image = config.ec2Ami || (await newestDebian());
  const groups = { config, published };

  const access = new tls.PrivateKey("access", { algorithm: "ED25519" });
  const vpc = new Vpc("vpc", { plan });
  const security = new SecurityGroups("security", {
    stack,
    vpcId: vpc.vpcId,
    groups: securityGroups(groups),
    rules: securityRules(groups),
  });
  const elasticIps = new ElasticIps("elastic-ips", {
    stack,
    nodes: plan.nodes.filter(({ elasticIp }) => elasticIp).map(({ name }) => name),
  });
  const balancer = (name: Extract<SecurityGroupName, "balancer" | "api-balancer">) =>
    new LoadBalancer(name, {
      stack,
      vpcId: vpc.vpcId,
      subnets: vpc.publicSubnets,
      securityGroup: security.id(name),
    });
  const front = config.ec2Balancer ? balancer("balancer") : undefined;
  const apiFront = config.ec2ApiBalancer ? balancer("api-balancer") : undefined;

  const certificates = new Certificates("api", {
    servers: plan.managers.map((node) => {
      const elasticIp = elasticIps.byNode[node.name];
      return {
        name: node.name,
        addresses: [...(elasticIp ? [elasticIp.publicIp] : []), node.address],
        names: apiFront ? [apiFront.dnsName] : [],
      };
    }),
    days: config.certificateDays,
    renewDays: config.certificateRenewDays,
    rotation: config.certificateRotation,
  });

  const machines = plan.nodes.map(
    (node) =>
      new Ec2Machine(node.name, {
        stack,
        node,
        instanceType: config.ec2InstanceType,
        image,
        imageReplaces: config.ec2Ami !== "",
        diskGiB: plan.diskGiB,
        subnet: vpc.publicSubnets[node.zone]!,
        securityGroups: [
          security.id("nodes"),
          ...(node.role === "manager" ? [security.id("managers")] : []),
        ],
        elasticIp: elasticIps.byNode[node.name],
        sessionManager: config.ec2SessionManager,
        gwbridge: planGwbridge(config),
        engineFiles: engineFiles(config, node, certificates),
        sshUser: config.sshUser,
        access,
        dependsOn: [vpc, security],
      }),
  );
  front?.serve(
    balancedPorts(published).map((port) => ({
      protocol: port.protocol,
      port: port.published,
      healthPort: healthPort(port),
    })),
    machines,
  );
  apiFront?.serve(
    [{ protocol: "tcp", port: API_PORT, healthPort: API_PORT }],
    machines.filter(({ role }) => role === "manager"),
  );
  const efs =
    config.storage === "efs"
      ? new Efs("efs", {
          stack,
          subnets: vpc.internalSubnets,
          securityGroup: security.id("efs"),
        })
      : undefined;

  return {
    machines,
    storageMachine: undefined,
    storage: efs
      ? { kind: "efs", server: efs.server, export: "/" }
      : planStorage(config, undefined),
    internalCidr: plan.vpcCidr,
    machineCidrs: [plan.vpcCidr],
    certificates,
    apiAddress: apiFront?.dnsName,
    sshPrivateKey: access.privateKeyOpenssh,
    networkIds: vpc.ids,
  };
}

/** Without the zones that an account has to ask for. */
async function surroundings(config: Config): Promise<Ec2Surroundings> {
  const filters = [{ name: "opt-in-status", values: ["opt-in-not-required"] }];
  const [{ names }, subnets] = await Promise.all([
    getAvailabilityZones({ filters }),
    Promise.all(
      [...config.ec2PublicSubnets, ...config.ec2InternalSubnets].map((id) => ec2.getSubnet({ id })),
    ),
  ]);
  return { zones: names, subnets };
}

/** Looked up in every run; `Ec2Machine` sees to it that running nodes stay as they are. */
async function newestDebian(): Promise<string> {
  const { id } = await ec2.getAmi({
    owners: [DEBIAN.owner],
    mostRecent: true,
    filters: [
      { name: "name", values: [DEBIAN.name] },
      { name: "architecture", values: ["x86_64"] },
    ],
  });
  return id;
}

import * as ec2 from "@pulumi/aws/ec2";
import { getAvailabilityZones } from "@pulumi/aws/getAvailabilityZones";
import { Ec2Machines } from "../components/ec2/ec2Machines";
import { planEc2, type Ec2Surroundings } from "../components/ec2/plan";
import type { Config } from "./config";
import { certificatesOf, gwbridgeOf, storageOf } from "./config/sections";
import type { Target, TargetArgs } from "./seam";

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
  const aws = new Ec2Machines("ec2", {
    plan,
    security: config,
    published,
    instanceType: config.ec2InstanceType,
    image,
    imageReplaces: config.ec2Ami !== "",
    sessionManager: config.ec2SessionManager,
    sshUser: config.sshUser,
    gwbridge: gwbridgeOf(config),
    registryMirror: config.registryMirror,
    certificates: certificatesOf(config),
  });
  return {
    machines: aws.machines,
    storageMachine: undefined,
    storage: aws.fileServer
      ? { kind: "efs", server: aws.fileServer, export: "/" }
      : storageOf(config),
    internalCidr: plan.vpcCidr,
    machineCidrs: [plan.vpcCidr],
    certificates: aws.certificates,
    apiAddress: aws.apiAddress,
    sshPrivateKey: aws.sshPrivateKey,
    networkIds: aws.networkIds,
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

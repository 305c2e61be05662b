/**
 * Runs the whole program for EC2 without an engine (harness.ts), with what AWS would answer, in a
 * region of four zones.
 */
import { join } from "node:path";
import program from "../../index";
import { readStackConfig } from "../../stacks/stackFile";
import { outputs as kvmOutputs, refusal } from "./graphRun";
import { run, type Run } from "./harness";

const PROJECT = join(__dirname, "../..");

/** A VPC that is there already, and its subnets. */
export const EXISTING = { ec2VpcId: "vpc-0123456789abcdef0", ec2VpcCidr: "172.30.0.0/16" };
export const SUBNETS: Record<string, { vpcId: string; cidrBlock: string }> = {
  "subnet-0000000000000000a": { vpcId: EXISTING.ec2VpcId, cidrBlock: "172.30.1.0/24" },
  "subnet-0000000000000000b": { vpcId: EXISTING.ec2VpcId, cidrBlock: "172.30.2.0/24" },
  "subnet-0000000000000000c": { vpcId: EXISTING.ec2VpcId, cidrBlock: "172.30.3.0/26" },
  "subnet-0000000000000000d": { vpcId: EXISTING.ec2VpcId, cidrBlock: "10.9.0.0/24" },
  "subnet-0000000000000000e": { vpcId: "vpc-0fedcba9876543210", cidrBlock: "172.30.5.0/24" },
};

/** Runs the program with the config of the stack `aws`, and changes to it. */
export async function upOnEc2(config: Record<string, string> = {}, options = {}): Promise<Run> {
  return run(program, {
    stack: "aws",
    config: { ...readStackConfig(PROJECT, "aws"), ...config },
    outputs: ec2Outputs,
    calls,
    ...options,
  });
}

/** The same for a config that the program refuses. */
export const refusedOnEc2 = (config: Record<string, string>) => refusal(upOnEc2(config));

/** A public address for each node, of a range for documentation. */
export function publicAddress(node: string): string {
  const [, role, index] = /^(mg|worker)(\d+)$/.exec(node)!;
  return `198.51.100.${(role === "mg" ? 10 : 20) + Number(index)}`;
}

export function ec2Outputs(type: string, name: string, inputs: unknown): Record<string, unknown> {
  switch (type) {
    case "aws:ec2/eip:Eip":
      return {
        publicIp: publicAddress(name.replace("elastic-ips-", "")),
        allocationId: `eipalloc-${name}`,
      };
    case "aws:ec2/instance:Instance":
      return { publicIp: publicAddress(name.replace("-instance", "")) };
    case "aws:ssm/parameter:Parameter":
      return {
        arn: `arn:aws:ssm:eu-central-1:123456789012:parameter${(inputs as { name: string }).name}`,
      };
    case "aws:lb/loadBalancer:LoadBalancer":
      return { arn: `arn:${name}`, dnsName: `${name}.elb.amazonaws.com` };
    case "aws:lb/targetGroup:TargetGroup":
      return { arn: `arn:${name}` };
    case "aws:efs/fileSystem:FileSystem":
      return { dnsName: "fs-1.efs.eu-central-1.amazonaws.com" };
    case "aws:iam/role:Role":
    case "aws:iam/instanceProfile:InstanceProfile":
      return { name };
    default:
      return kvmOutputs(type, name, inputs);
  }
}

export function calls(token: string, inputs: Record<string, unknown>): Record<string, unknown> {
  switch (token) {
    case "aws:index/getAvailabilityZones:getAvailabilityZones":
      return { names: ["a", "b", "c", "d"].map((zone) => `eu-central-1${zone}`) };
    case "aws:ec2/getAmi:getAmi":
      return { id: "ami-0123456789abcdef0" };
    case "aws:ec2/getSubnet:getSubnet":
      return { id: inputs.id, ...SUBNETS[inputs.id as string] };
    default:
      throw new Error(`unexpected call of ${token}`);
  }
}

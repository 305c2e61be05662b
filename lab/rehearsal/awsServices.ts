/** @pulumi/aws: roles, parameters, load balancers and file systems. */
import { randomUUID } from "node:crypto";
import * as files from "@aws-sdk/client-efs";
import * as balancing from "@aws-sdk/client-elastic-load-balancing-v2";
import * as identity from "@aws-sdk/client-iam";
import * as systems from "@aws-sdk/client-ssm";
import { z } from "zod";
import { autoName, creates, given, lazy, tagList, tags } from "./awsInputs";
import type { Executor } from "./executor";

export const iam = lazy(() => new identity.IAMClient({}));
export const ssm = lazy(() => new systems.SSMClient({}));
export const elb = lazy(() => new balancing.ElasticLoadBalancingV2Client({}));
export const efs = lazy(() => new files.EFSClient({}));
const text = z.string();

const role = creates({ path: text, assumeRolePolicy: text, tags }, async (inputs, resource) => {
  const name = autoName(resource);
  await iam().send(
    new identity.CreateRoleCommand({
      RoleName: name,
      Path: inputs.path,
      AssumeRolePolicyDocument: inputs.assumeRolePolicy,
      Tags: tagList(inputs.tags),
    }),
  );
  return { id: name, name };
});

const rolePolicy = creates({ role: text, policy: text }, async (inputs, resource) => {
  const name = autoName(resource);
  await iam().send(
    new identity.PutRolePolicyCommand({
      RoleName: inputs.role,
      PolicyName: name,
      PolicyDocument: inputs.policy,
    }),
  );
  return { id: `${inputs.role}:${name}` };
});

const instanceProfile = creates({ path: text, role: text, tags }, async (inputs, resource) => {
  const name = autoName(resource);
  await iam().send(
    new identity.CreateInstanceProfileCommand({
      InstanceProfileName: name,
      Path: inputs.path,
      Tags: tagList(inputs.tags),
    }),
  );
  await iam().send(
    new identity.AddRoleToInstanceProfileCommand({
      InstanceProfileName: name,
      RoleName: inputs.role,
    }),
  );
  return { id: name, name };
});

const parameter = creates(
  { name: text, type: z.literal("SecureString"), value: text, tags },
  async (inputs) => {
    await ssm().send(
      new systems.PutParameterCommand({
        Name: inputs.name,
        Type: inputs.type,
        Value: inputs.value,
        Tags: tagList(inputs.tags),
      }),
    );
    const { Parameter } = await ssm().send(new systems.GetParameterCommand({ Name: inputs.name }));
    return { id: inputs.name, arn: given(Parameter?.ARN, "the parameter's ARN") };
  },
);

const loadBalancer = creates(
  {
    loadBalancerType: z.literal("network"),
    subnets: z.array(text),
    securityGroups: z.array(text),
    enableCrossZoneLoadBalancing: z.boolean(),
    tags,
  },
  async (inputs, resource) => {
    const made = await elb().send(
      new balancing.CreateLoadBalancerCommand({
        Name: autoName(resource),
        Type: inputs.loadBalancerType,
        Scheme: "internet-facing",
        Subnets: inputs.subnets,
        SecurityGroups: inputs.securityGroups,
        Tags: tagList(inputs.tags),
      }),
    );
    const balancer = given(made.LoadBalancers?.[0], "a load balancer");
    const arn = given(balancer.LoadBalancerArn, "its ARN");
    const Value = String(inputs.enableCrossZoneLoadBalancing);
    await elb().send(
      new balancing.ModifyLoadBalancerAttributesCommand({
        LoadBalancerArn: arn,
        Attributes: [{ Key: "load_balancing.cross_zone.enabled", Value }],
      }),
    );
    return { id: arn, arn, dnsName: given(balancer.DNSName, "its name") };
  },
);

const protocol = z.enum(["TCP", "UDP"]);

const targetGroup = creates(
  {
    vpcId: text,
    protocol,
    port: z.number(),
    targetType: z.literal("instance"),
    deregistrationDelay: z.number(),
    healthCheck: z.strictObject({
      protocol: z.literal("TCP"),
      port: text,
      interval: z.number(),
      healthyThreshold: z.number(),
      unhealthyThreshold: z.number(),
    }),
    tags,
  },
  async (inputs, resource) => {
    const { healthCheck: check } = inputs;
    const made = await elb().send(
      new balancing.CreateTargetGroupCommand({
        Name: autoName(resource),
        VpcId: inputs.vpcId,
        Protocol: inputs.protocol,
        Port: inputs.port,
        TargetType: inputs.targetType,
        HealthCheckProtocol: check.protocol,
        HealthCheckPort: check.port,
        HealthCheckIntervalSeconds: check.interval,
        HealthyThresholdCount: check.healthyThreshold,
        UnhealthyThresholdCount: check.unhealthyThreshold,
        Tags: tagList(inputs.tags),
      }),
    );
    const arn = given(made.TargetGroups?.[0]?.TargetGroupArn, "a target group");
    const Value = String(inputs.deregistrationDelay);
    await elb().send(
      new balancing.ModifyTargetGroupAttributesCommand({
        TargetGroupArn: arn,
        Attributes: [{ Key: "deregistration_delay.timeout_seconds", Value }],
      }),
    );
    return { id: arn, arn };
  },
);

const listener = creates(
  {
    loadBalancerArn: text,
    protocol,
    port: z.number(),
    defaultActions: z.array(z.strictObject({ type: z.literal("forward"), targetGroupArn: text })),
    tags,
  },
  async (inputs) => {
    const made = await elb().send(
      new balancing.CreateListenerCommand({
        LoadBalancerArn: inputs.loadBalancerArn,
        Protocol: inputs.protocol,
        Port: inputs.port,
        DefaultActions: inputs.defaultActions.map(({ type, targetGroupArn }) => ({
          Type: type,
          TargetGroupArn: targetGroupArn,
        })),
        Tags: tagList(inputs.tags),
      }),
    );
    return { id: given(made.Listeners?.[0]?.ListenerArn, "a listener") };
  },
);

const targetGroupAttachment = creates({ targetGroupArn: text, targetId: text }, async (inputs) => {
  await elb().send(
    new balancing.RegisterTargetsCommand({
      TargetGroupArn: inputs.targetGroupArn,
      Targets: [{ Id: inputs.targetId }],
    }),
  );
  return { id: `${inputs.targetGroupArn}-${inputs.targetId}` };
});

const fileSystem = creates({ encrypted: z.boolean(), tags }, async (inputs) => {
  const made = await efs().send(
    new files.CreateFileSystemCommand({
      CreationToken: randomUUID(),
      Encrypted: inputs.encrypted,
      Tags: tagList(inputs.tags),
    }),
  );
  const id = given(made.FileSystemId, "a file system");
  return { id, dnsName: `${id}.efs.${await efs().config.region()}.amazonaws.com` };
});

const mountTarget = creates(
  { fileSystemId: text, subnetId: text, securityGroups: z.array(text) },
  async (inputs) => {
    const made = await efs().send(
      new files.CreateMountTargetCommand({
        FileSystemId: inputs.fileSystemId,
        SubnetId: inputs.subnetId,
        SecurityGroups: inputs.securityGroups,
      }),
    );
    return { id: given(made.MountTargetId, "a mount target") };
  },
);

export const services: Record<string, Executor> = {
  "aws:iam/role:Role": role,
  "aws:iam/rolePolicy:RolePolicy": rolePolicy,
  "aws:iam/instanceProfile:InstanceProfile": instanceProfile,
  "aws:ssm/parameter:Parameter": parameter,
  "aws:lb/loadBalancer:LoadBalancer": loadBalancer,
  "aws:lb/targetGroup:TargetGroup": targetGroup,
  "aws:lb/listener:Listener": listener,
  "aws:lb/targetGroupAttachment:TargetGroupAttachment": targetGroupAttachment,
  "aws:efs/fileSystem:FileSystem": fileSystem,
  "aws:efs/mountTarget:MountTarget": mountTarget,
};

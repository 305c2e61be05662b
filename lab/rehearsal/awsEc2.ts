/** @pulumi/aws: networks, addresses and instances. */
import * as sdk from "@aws-sdk/client-ec2";
import { z } from "zod";
import { creates, given, lazy, tagList, tags } from "./awsInputs";
import type { Executor } from "./executor";

export const client = lazy(() => new sdk.EC2Client({}));
const text = z.string();

/** Bound for an instance to run, in seconds. */
const RUNNING_SECONDS = 120;

function tagged(ResourceType: sdk.ResourceType, values: Record<string, string>) {
  return { TagSpecifications: [{ ResourceType, Tags: tagList(values) }] };
}

const vpc = creates(
  { cidrBlock: text, enableDnsSupport: z.boolean(), enableDnsHostnames: z.boolean(), tags },
  async (inputs) => {
    const made = await client().send(
      new sdk.CreateVpcCommand({ CidrBlock: inputs.cidrBlock, ...tagged("vpc", inputs.tags) }),
    );
    const id = given(made.Vpc?.VpcId, "a VPC");
    for (const attribute of [
      { EnableDnsSupport: { Value: inputs.enableDnsSupport } },
      { EnableDnsHostnames: { Value: inputs.enableDnsHostnames } },
    ]) {
      await client().send(new sdk.ModifyVpcAttributeCommand({ VpcId: id, ...attribute }));
    }
    return { id };
  },
);

const internetGateway = creates({ vpcId: text, tags }, async (inputs) => {
  const made = await client().send(
    new sdk.CreateInternetGatewayCommand(tagged("internet-gateway", inputs.tags)),
  );
  const id = given(made.InternetGateway?.InternetGatewayId, "an internet gateway");
  await client().send(
    new sdk.AttachInternetGatewayCommand({ InternetGatewayId: id, VpcId: inputs.vpcId }),
  );
  return { id };
});

const routeTable = creates({ vpcId: text, tags }, async (inputs) => {
  const made = await client().send(
    new sdk.CreateRouteTableCommand({ VpcId: inputs.vpcId, ...tagged("route-table", inputs.tags) }),
  );
  return { id: given(made.RouteTable?.RouteTableId, "a route table") };
});

const route = creates(
  { routeTableId: text, destinationCidrBlock: text, gatewayId: text },
  async (inputs) => {
    await client().send(
      new sdk.CreateRouteCommand({
        RouteTableId: inputs.routeTableId,
        DestinationCidrBlock: inputs.destinationCidrBlock,
        GatewayId: inputs.gatewayId,
      }),
    );
    return { id: `r-${inputs.routeTableId}` };
  },
);

const subnet = creates(
  { vpcId: text, cidrBlock: text, availabilityZone: text, tags },
  async (inputs) => {
    const made = await client().send(
      new sdk.CreateSubnetCommand({
        VpcId: inputs.vpcId,
        CidrBlock: inputs.cidrBlock,
        AvailabilityZone: inputs.availabilityZone,
        ...tagged("subnet", inputs.tags),
      }),
    );
    return { id: given(made.Subnet?.SubnetId, "a subnet") };
  },
);

const routeTableAssociation = creates({ subnetId: text, routeTableId: text }, async (inputs) => {
  const made = await client().send(
    new sdk.AssociateRouteTableCommand({
      SubnetId: inputs.subnetId,
      RouteTableId: inputs.routeTableId,
    }),
  );
  return { id: given(made.AssociationId, "an association") };
});

const securityGroup = creates({ vpcId: text, description: text, tags }, async (inputs, name) => {
  const made = await client().send(
    new sdk.CreateSecurityGroupCommand({
      GroupName: name,
      VpcId: inputs.vpcId,
      Description: inputs.description,
      ...tagged("security-group", inputs.tags),
    }),
  );
  const id = given(made.GroupId, "a security group");
  // AWS lets everything out of a new group; the provider takes that back.
  await client().send(
    new sdk.RevokeSecurityGroupEgressCommand({
      GroupId: id,
      IpPermissions: [{ IpProtocol: "-1", IpRanges: [{ CidrIp: "0.0.0.0/0" }] }],
    }),
  );
  return { id };
});

const rule = {
  securityGroupId: text,
  ipProtocol: text,
  fromPort: z.number().optional(),
  toPort: z.number().optional(),
  cidrIpv4: text.optional(),
  referencedSecurityGroupId: text.optional(),
  tags,
};

function permission(inputs: z.infer<z.ZodObject<typeof rule>>) {
  const { cidrIpv4, referencedSecurityGroupId: group } = inputs;
  return {
    GroupId: inputs.securityGroupId,
    IpPermissions: [
      {
        IpProtocol: inputs.ipProtocol,
        // -1 is all of them; moto needs it where AWS takes none too.
        FromPort: inputs.fromPort ?? -1,
        ToPort: inputs.toPort ?? -1,
        ...(cidrIpv4 ? { IpRanges: [{ CidrIp: cidrIpv4 }] } : {}),
        ...(group ? { UserIdGroupPairs: [{ GroupId: group }] } : {}),
      },
    ],
    ...tagged("security-group-rule", inputs.tags),
  };
}

const ingressRule = creates(rule, async (inputs) => {
  const made = await client().send(
    new sdk.AuthorizeSecurityGroupIngressCommand(permission(inputs)),
  );
  return { id: given(made.SecurityGroupRules?.[0]?.SecurityGroupRuleId, "a rule") };
});

const egressRule = creates(rule, async (inputs) => {
  const made = await client().send(new sdk.AuthorizeSecurityGroupEgressCommand(permission(inputs)));
  return { id: given(made.SecurityGroupRules?.[0]?.SecurityGroupRuleId, "a rule") };
});

const eip = creates({ domain: z.literal("vpc"), tags }, async (inputs) => {
  const made = await client().send(
    new sdk.AllocateAddressCommand({ Domain: inputs.domain, ...tagged("elastic-ip", inputs.tags) }),
  );
  const allocationId = given(made.AllocationId, "an allocation");
  return { id: allocationId, allocationId, publicIp: given(made.PublicIp, "an address") };
});

const eipAssociation = creates({ allocationId: text, instanceId: text }, async (inputs) => {
  const made = await client().send(
    new sdk.AssociateAddressCommand({
      AllocationId: inputs.allocationId,
      InstanceId: inputs.instanceId,
    }),
  );
  return { id: given(made.AssociationId, "an association") };
});

const instance = creates(
  {
    ami: text,
    instanceType: text,
    subnetId: text,
    privateIp: text,
    vpcSecurityGroupIds: z.array(text),
    iamInstanceProfile: text,
    associatePublicIpAddress: z.boolean().optional(),
    userData: text,
    userDataReplaceOnChange: z.boolean(),
    rootBlockDevice: z.strictObject({
      volumeType: z.literal("gp3"),
      volumeSize: z.number(),
      encrypted: z.boolean(),
      deleteOnTermination: z.boolean(),
      tags,
    }),
    metadataOptions: z.strictObject({
      httpEndpoint: z.literal("enabled"),
      httpTokens: z.literal("required"),
      httpPutResponseHopLimit: z.number(),
    }),
    instanceMarketOptions: z.strictObject({ marketType: z.literal("spot") }).optional(),
    tags,
  },
  async (inputs) => {
    const { rootBlockDevice: disk, metadataOptions: metadata } = inputs;
    const images = await client().send(new sdk.DescribeImagesCommand({ ImageIds: [inputs.ami] }));
    const made = await client().send(
      new sdk.RunInstancesCommand({
        MinCount: 1,
        MaxCount: 1,
        ImageId: inputs.ami,
        InstanceType: inputs.instanceType as sdk._InstanceType,
        IamInstanceProfile: { Name: inputs.iamInstanceProfile },
        UserData: Buffer.from(inputs.userData).toString("base64"),
        NetworkInterfaces: [
          {
            DeviceIndex: 0,
            SubnetId: inputs.subnetId,
            PrivateIpAddress: inputs.privateIp,
            Groups: inputs.vpcSecurityGroupIds,
            AssociatePublicIpAddress: inputs.associatePublicIpAddress,
          },
        ],
        BlockDeviceMappings: [
          {
            DeviceName: given(images.Images?.[0]?.RootDeviceName, "the image's root device"),
            Ebs: {
              VolumeType: disk.volumeType,
              VolumeSize: disk.volumeSize,
              Encrypted: disk.encrypted,
              DeleteOnTermination: disk.deleteOnTermination,
            },
          },
        ],
        MetadataOptions: {
          HttpEndpoint: metadata.httpEndpoint,
          HttpTokens: metadata.httpTokens,
          HttpPutResponseHopLimit: metadata.httpPutResponseHopLimit,
        },
        ...(inputs.instanceMarketOptions
          ? { InstanceMarketOptions: { MarketType: inputs.instanceMarketOptions.marketType } }
          : {}),
        TagSpecifications: [
          { ResourceType: "instance", Tags: tagList(inputs.tags) },
          { ResourceType: "volume", Tags: tagList(disk.tags) },
        ],
      }),
    );
    const id = given(made.Instances?.[0]?.InstanceId, "an instance");
    await sdk.waitUntilInstanceRunning(
      { client: client(), maxWaitTime: RUNNING_SECONDS },
      { InstanceIds: [id] },
    );
    const running = await client().send(new sdk.DescribeInstancesCommand({ InstanceIds: [id] }));
    return { id, publicIp: running.Reservations?.[0]?.Instances?.[0]?.PublicIpAddress ?? "" };
  },
);

export const ec2: Record<string, Executor> = {
  "aws:ec2/vpc:Vpc": vpc,
  "aws:ec2/internetGateway:InternetGateway": internetGateway,
  "aws:ec2/routeTable:RouteTable": routeTable,
  "aws:ec2/route:Route": route,
  "aws:ec2/subnet:Subnet": subnet,
  "aws:ec2/routeTableAssociation:RouteTableAssociation": routeTableAssociation,
  "aws:ec2/securityGroup:SecurityGroup": securityGroup,
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": ingressRule,
  "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": egressRule,
  "aws:ec2/eip:Eip": eip,
  "aws:ec2/eipAssociation:EipAssociation": eipAssociation,
  "aws:ec2/instance:Instance": instance,
};

/** @pulumi/aws: what the program asks for before it makes anything. */
import * as sdk from "@aws-sdk/client-ec2";
import { z } from "zod";
import { client } from "./awsEc2";
import { given } from "./awsInputs";
import type { Call } from "./executor";

const filters = z.array(z.strictObject({ name: z.string(), values: z.array(z.string()) }));

function toSdk(list: z.infer<typeof filters>): sdk.Filter[] {
  return list.map(({ name, values }) => ({ Name: name, Values: values }));
}

const getAvailabilityZones: Call = async (inputs) => {
  const wanted = z.strictObject({ filters }).parse(inputs);
  const found = await client().send(
    new sdk.DescribeAvailabilityZonesCommand({ Filters: toSdk(wanted.filters) }),
  );
  const names = (found.AvailabilityZones ?? []).map(({ ZoneName }) => given(ZoneName, "a name"));
  return { id: "zones", names: names.sort() };
};

const getAmi: Call = async (inputs) => {
  const wanted = z
    .strictObject({ owners: z.array(z.string()), mostRecent: z.literal(true), filters })
    .parse(inputs);
  const found = await client().send(
    new sdk.DescribeImagesCommand({ Owners: wanted.owners, Filters: toSdk(wanted.filters) }),
  );
  const newest = (found.Images ?? [])
    .sort((a, b) => (a.CreationDate ?? "").localeCompare(b.CreationDate ?? ""))
    .at(-1);
  return { id: given(newest?.ImageId, "an image") };
};

const getSubnet: Call = async (inputs) => {
  const { id } = z.strictObject({ id: z.string() }).parse(inputs);
  const found = await client().send(new sdk.DescribeSubnetsCommand({ SubnetIds: [id] }));
  const subnet = given(found.Subnets?.[0], "a subnet");
  return { id, vpcId: subnet.VpcId, cidrBlock: subnet.CidrBlock };
};

export const awsCalls: Record<string, Call> = {
  "aws:index/getAvailabilityZones:getAvailabilityZones": getAvailabilityZones,
  "aws:ec2/getAmi:getAmi": getAmi,
  "aws:ec2/getSubnet:getSubnet": getSubnet,
};

/**
 * AWS's resources as components/ec2/ec2Machines.ts has them, made through the AWS SDK in the steps of @pulumi/aws
 * 7.48.0. Where AWS is comes from the environment: AWS_ENDPOINT_URL, AWS_REGION and credentials.
 *
 * They are not in creator.ts: the lab has no use for them, and loading the SDK takes its time.
 */
import { ec2 } from "./awsEc2";
import { awsCalls } from "./awsCalls";
import { services } from "./awsServices";
import type { Executor } from "./executor";

export { awsCalls };

export const aws: Record<string, Executor> = { ...ec2, ...services };

import { z } from "zod";
import { adminNetworkList, items, networkList, twiceProblem } from "./cidrs";
import { flag, integer, text } from "../../components/machine/fields";
import { privateNetwork } from "./network";

/** IDs of one kind of thing on AWS, such as `ami-`. */
function idProblem(id: string, kind: string): string | undefined {
  return new RegExp(`^${kind}-([0-9a-f]{8}|[0-9a-f]{17})$`).test(id)
    ? undefined
    : `is not an ID of that kind; write one such as ${kind}-0123456789abcdef0, or nothing`;
}

function optionalId(kind: string) {
  return text((id) => (id === "" ? undefined : idProblem(id, kind)));
}

const MOST_SUBNETS = 3;

function subnetsProblem(text: string): string | undefined {
  const list = items(text);
  const wrong = list.find((id) => idProblem(id, "subnet"));
  if (wrong !== undefined) {
    return (
      `has "${wrong}" in it, which is not a subnet's ID; write IDs such as ` +
      "subnet-0123456789abcdef0 with commas between them, or nothing"
    );
  }
  if (list.length > MOST_SUBNETS) {
    return `has ${list.length} subnets in it; write at most ${MOST_SUBNETS}, each in a zone of its own`;
  }
  return twiceProblem(list);
}

/** A `g` after the generation stands for Graviton; a1 was the first of them. */
const ARM = /^(a1|[a-z]+\d+[a-z]*g[a-z]*)\./;

function instanceTypeProblem(type: string): string | undefined {
  const remedy = "write one such as t3.small";
  if (!/^[a-z][a-z0-9-]*\.[a-z0-9-]+$/.test(type)) return `is not an instance type; ${remedy}`;
  return ARM.test(type)
    ? `has an ARM processor, and the image is for x86-64; ${remedy}`
    : undefined;
}

/** What is particular to the target `ec2`. */
export const ec2Keys = {
  ec2InstanceType: text(instanceTypeProblem),
  ec2Ami: optionalId("ami"),
  ec2SpotWorkers: flag(),
  ec2ElasticIps: z.enum(["managers", "all", "none"], {
    error: "is not who has elastic IP addresses; write managers, all or none",
  }),
  ec2SessionManager: flag(),

  /** A /22 is cut into subnets of /25, which the largest swarm fits into. */
  ec2VpcCidr: privateNetwork({ shortest: 16, longest: 22, example: "192.168.128.0/18" }),
  ec2Zones: integer({ min: 1, max: 3 }),
  ec2VpcId: optionalId("vpc"),
  ec2PublicSubnets: text(subnetsProblem).transform(items),
  ec2InternalSubnets: text(subnetsProblem).transform(items),

  ec2AdminCidrs: adminNetworkList("try SSH and the engines' API"),
  ec2IngressCidrs: networkList("0.0.0.0/0"),
  ec2Balancer: flag(),
  ec2ApiBalancer: flag(),
};

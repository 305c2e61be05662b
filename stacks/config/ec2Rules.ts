import {
  complain,
  ingressMtuProblem,
  only,
  outside,
  outsideDocker0,
  rule,
  type Rule,
} from "./rule";

/** MB, which become 8 GiB: what the root file system of Debian's image is made for. */
const SMALLEST_DISK_MB = 8000;

/** MTU within a VPC. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/network_mtu.html */
const VPC_MTU = 9001;

const ANYWHERE = "0.0.0.0/0";

/** What several keys have to do with each other on the target `ec2`. */
export const ec2Rules: Rule[] = only("ec2", [
  rule(["ec2AdminCidrs"], ({ ec2AdminCidrs }) =>
    ec2AdminCidrs.length === 0
      ? complain(
          "ec2AdminCidrs",
          "is empty, so nobody could log in, this program included; write the addresses that you " +
            "come from, such as 203.0.113.7/32",
        )
      : undefined,
  ),

  rule(["diskMB"], ({ diskMB }) =>
    diskMB < SMALLEST_DISK_MB
      ? complain(
          "diskMB",
          "is less than Debian's image for EC2 takes (8 GiB); write at least " +
            `${SMALLEST_DISK_MB}, such as 20000`,
        )
      : undefined,
  ),

  outsideDocker0("ec2VpcCidr"),
  outside("ec2VpcCidr", "overlayAddressPool"),
  outside("ec2VpcCidr", "ingressSubnet"),
  outside("ec2VpcCidr", "gwbridgeSubnet"),

  rule(["gwbridgeMasquerade"], ({ gwbridgeMasquerade }) =>
    gwbridgeMasquerade
      ? undefined
      : complain(
          "gwbridgeMasquerade",
          "takes containers their way out: a VPC drops what does not come from an instance's own " +
            "address; write true",
        ),
  ),

  rule(["ingressMtu", "ingressEncrypted"], (config) =>
    ingressMtuProblem(config, "the MTU of a VPC", VPC_MTU),
  ),

  rule(["apiOutside", "ec2ElasticIps"], ({ apiOutside, ec2ElasticIps }) =>
    apiOutside && ec2ElasticIps === "none"
      ? complain(
          "ec2ElasticIps",
          "leaves the managers without addresses that last, which their certificates have to " +
            "name for apiOutside; write managers or all, or set apiOutside to false",
        )
      : undefined,
  ),

  rule(["ec2ApiBalancer", "apiOutside"], ({ ec2ApiBalancer, apiOutside }) =>
    ec2ApiBalancer && !apiOutside
      ? complain(
          "ec2ApiBalancer",
          "is a way in from outside, but apiOutside is false; set apiOutside to true, or write false",
        )
      : undefined,
  ),

  rule(["dnsCache", "ec2IngressCidrs"], ({ dnsCache, ec2IngressCidrs }) =>
    dnsCache && ec2IngressCidrs.includes(ANYWHERE)
      ? complain(
          "ec2IngressCidrs",
          `has ${ANYWHERE} in it, which makes dnsCache a resolver for the whole Internet, and a ` +
            "means of attack; write who may ask it, or set dnsCache to false",
        )
      : undefined,
  ),

  rule(["storage"], ({ storage }) =>
    storage === "machine" ? complain("storage", "is for KVM; write efs, nfs or none") : undefined,
  ),

  rule(["ec2VpcId", "ec2PublicSubnets"], ({ ec2VpcId, ec2PublicSubnets }) => {
    if ((ec2VpcId === "") === (ec2PublicSubnets.length === 0)) return undefined;
    return ec2VpcId === ""
      ? complain("ec2PublicSubnets", "is set, but ec2VpcId is not; write both, or nothing")
      : complain(
          "ec2PublicSubnets",
          "is empty, but ec2VpcId names a VPC; write its public subnets, one for each zone",
        );
  }),

  rule(
    ["ec2VpcId", "ec2PublicSubnets", "ec2InternalSubnets", "storage"],
    ({ ec2VpcId, ec2PublicSubnets, ec2InternalSubnets, storage }) => {
      const needed = ec2VpcId !== "" && storage === "efs" ? ec2PublicSubnets.length : 0;
      if (ec2InternalSubnets.length === needed) return undefined;
      return complain(
        "ec2InternalSubnets",
        needed === 0
          ? "is set, but only efs in a VPC that exists (ec2VpcId) has a use for it; write nothing"
          : `has ${ec2InternalSubnets.length} subnets, and ec2PublicSubnets ${needed}; write one ` +
              "for each zone, in the same order",
      );
    },
  ),
]);

import * as ec2 from "@pulumi/aws/ec2";
import * as vpc from "@pulumi/aws/vpc";
import * as pulumi from "@pulumi/pulumi";
import { tagsOf } from "./plan";
import {
  isGroup,
  ruleName,
  SECURITY_GROUPS,
  type SecurityGroupName,
  type SecurityRule,
} from "./securityRules";

export interface SecurityGroupsArgs {
  stack: string;
  vpcId: pulumi.Input<string>;
  groups: SecurityGroupName[];
  rules: SecurityRule[];
}

/**
 * What AWS lets through, as planned. Creates an `ec2.SecurityGroup` for each group, without rules of
 * its own, and each rule as a resource: rules refer to groups, and groups to each other.
 */
export class SecurityGroups extends pulumi.ComponentResource {
  /** Identifiers by name, of the groups that there are. */
  readonly ids: Readonly<Partial<Record<SecurityGroupName, pulumi.Output<string>>>>;

  constructor(
    private readonly prefix: string,
    private readonly args: SecurityGroupsArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("swarm:ec2:SecurityGroups", prefix, {}, opts);
    this.ids = Object.fromEntries(args.groups.map((name) => [name, this.group(name)]));
    for (const rule of args.rules) this.rule(rule);
    this.registerOutputs({ ids: this.ids });
  }

  /** The identifier of a group that has to be there. */
  id(name: SecurityGroupName): pulumi.Output<string> {
    const id = this.ids[name];
    if (!id) throw new pulumi.ResourceError(`there is no security group ${name}`, this);
    return id;
  }

  private group(name: SecurityGroupName): pulumi.Output<string> {
    return new ec2.SecurityGroup(
      `${this.prefix}-${name}`,
      {
        vpcId: this.args.vpcId,
        description: SECURITY_GROUPS[name],
        tags: tagsOf(this.args.stack, name, "firewall"),
      },
      { parent: this },
    ).id;
  }

  private rule(rule: SecurityRule): void {
    const { group, direction, protocol, peer } = rule;
    // AWS takes no ports for other protocols; all of ICMP is -1.
    const port = protocol === "icmp" ? -1 : rule.port;
    const Rule = direction === "in" ? vpc.SecurityGroupIngressRule : vpc.SecurityGroupEgressRule;
    const name = ruleName(rule);
    new Rule(
      `${this.prefix}-${name}`,
      {
        securityGroupId: this.id(group),
        ipProtocol: protocol,
        ...(port === undefined ? {} : { fromPort: port, toPort: port }),
        ...(isGroup(peer) ? { referencedSecurityGroupId: this.id(peer) } : { cidrIpv4: peer }),
        tags: tagsOf(this.args.stack, name, "firewall"),
      },
      { parent: this },
    );
  }
}

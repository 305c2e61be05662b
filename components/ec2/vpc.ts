import * as ec2 from "@pulumi/aws/ec2";
import * as pulumi from "@pulumi/pulumi";
import { tagsOf, type Ec2Plan, type ZonePlan } from "./plan";

export interface VpcArgs {
  plan: Pick<Ec2Plan, "stack" | "vpcCidr" | "network">;
}

const ANYWHERE = "0.0.0.0/0";

/**
 * The network of a cluster, over one to three availability zones: in each a public subnet, which the
 * nodes are in, and an internal one, without a way out.
 *
 * Creates an `ec2.Vpc` with an internet gateway, an `ec2.Subnet` for each, and two route tables: the
 * public one leads to the gateway, the internal one nowhere. Where the plan names a VPC that exists,
 * it creates nothing.
 */
export class Vpc extends pulumi.ComponentResource {
  readonly vpcId: pulumi.Output<string>;
  /** Identifiers, zone by zone. */
  readonly publicSubnets: pulumi.Output<string>[];
  /** Identifiers, zone by zone. */
  readonly internalSubnets: pulumi.Output<string>[];
  /** AWS's identifiers by name: `vpc`, `public-0`, `internal-0` and so on. */
  readonly ids: pulumi.Output<Record<string, string>>;

  constructor(
    private readonly prefix: string,
    private readonly args: VpcArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("swarm:ec2:Vpc", prefix, {}, opts);
    const { network } = args.plan;
    const made = "zones" in network ? this.make(network.zones) : network;

    this.vpcId = pulumi.output(made.id);
    this.publicSubnets = made.publicSubnets.map((id) => pulumi.output(id));
    this.internalSubnets = made.internalSubnets.map((id) => pulumi.output(id));
    const numbered = (kind: string, subnets: pulumi.Output<string>[]) =>
      subnets.map((id, zone) => [`${kind}-${zone}`, id] as const);
    this.ids = pulumi.output(
      Object.fromEntries([
        ["vpc", this.vpcId] as const,
        ...numbered("public", this.publicSubnets),
        ...numbered("internal", this.internalSubnets),
      ]),
    );
    this.registerOutputs({ ids: this.ids });
  }

  private make(zones: ZonePlan[]) {
    const vpc = new ec2.Vpc(
      `${this.prefix}-vpc`,
      {
        cidrBlock: this.args.plan.vpcCidr,
        // The file system has one name, which is another address in each zone.
        enableDnsSupport: true,
        enableDnsHostnames: true,
        tags: this.tags("vpc"),
      },
      { parent: this },
    );
    const publicRoutes = this.routeTable("public", vpc);
    const internalRoutes = this.routeTable("internal", vpc);
    this.wayOut(vpc, publicRoutes);
    return {
      id: vpc.id,
      publicSubnets: zones.map(({ name, publicCidr }, zone) =>
        this.subnet(`public-${zone}`, vpc, name, publicCidr, publicRoutes),
      ),
      internalSubnets: zones.map(({ name, internalCidr }, zone) =>
        this.subnet(`internal-${zone}`, vpc, name, internalCidr, internalRoutes),
      ),
    };
  }

  private wayOut(vpc: ec2.Vpc, routeTable: ec2.RouteTable): void {
    const gateway = new ec2.InternetGateway(
      `${this.prefix}-gateway`,
      { vpcId: vpc.id, tags: this.tags("gateway") },
      { parent: this },
    );
    new ec2.Route(
      `${this.prefix}-way-out`,
      {
        routeTableId: routeTable.id,
        destinationCidrBlock: ANYWHERE,
        gatewayId: gateway.id,
      },
      { parent: this },
    );
  }

  private routeTable(name: string, vpc: ec2.Vpc): ec2.RouteTable {
    return new ec2.RouteTable(
      `${this.prefix}-${name}-routes`,
      { vpcId: vpc.id, tags: this.tags(`${name}-routes`) },
      { parent: this },
    );
  }

  private subnet(
    name: string,
    vpc: ec2.Vpc,
    zone: string,
    cidr: string,
    routes: ec2.RouteTable,
  ): pulumi.Output<string> {
    const subnet = new ec2.Subnet(
      `${this.prefix}-${name}`,
      { vpcId: vpc.id, cidrBlock: cidr, availabilityZone: zone, tags: this.tags(name) },
      // A new zone of the region's may move the others in its list; nodes stay where they are.
      { parent: this, ignoreChanges: ["availabilityZone"] },
    );
    new ec2.RouteTableAssociation(
      `${this.prefix}-${name}-routes`,
      { subnetId: subnet.id, routeTableId: routes.id },
      { parent: this },
    );
    return subnet.id;
  }

  private tags(name: string) {
    return tagsOf(this.args.plan.stack, name, "network");
  }
}

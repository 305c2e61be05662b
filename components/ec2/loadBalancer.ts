import * as lb from "@pulumi/aws/lb";
import * as pulumi from "@pulumi/pulumi";
import { tagsOf } from "./plan";
import type { Machine } from "../machine/machine";

/** A port that the load balancer listens on, which is the same on the machines. */
export interface BalancedPort {
  protocol: "tcp" | "udp";
  port: number;
  /** The TCP port that shows whether a machine can take requests. */
  healthPort: number;
}

export interface LoadBalancerArgs {
  stack: string;
  vpcId: pulumi.Input<string>;
  /** One for each zone. */
  subnets: pulumi.Input<string>[];
  securityGroup: pulumi.Input<string>;
}

const CHECK = { interval: 10, healthyThreshold: 2, unhealthyThreshold: 2 };
/** Seconds in which a machine that leaves finishes what it was asked. */
const DRAIN_SECONDS = 30;

/**
 * A network load balancer that passes TCP and UDP on as it is. Creates an `lb.LoadBalancer`; `serve`
 * adds ports, when there are machines.
 */
export class LoadBalancer extends pulumi.ComponentResource {
  readonly dnsName: pulumi.Output<string>;
  private readonly balancer: lb.LoadBalancer;

  constructor(
    private readonly prefix: string,
    private readonly args: LoadBalancerArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("swarm:ec2:LoadBalancer", prefix, {}, opts);
    this.balancer = new lb.LoadBalancer(
      `${prefix}-nlb`,
      {
        loadBalancerType: "network",
        subnets: args.subnets,
        securityGroups: [args.securityGroup],
        // A zone need not have a machine that answers.
        enableCrossZoneLoadBalancing: true,
        tags: this.tags(),
      },
      { parent: this },
    );
    this.dnsName = this.balancer.dnsName;
    this.registerOutputs({ dnsName: this.dnsName });
  }

  /**
   * Has it take these ports to these machines. Creates an `lb.TargetGroup` and an `lb.Listener` for
   * each port, and an `lb.TargetGroupAttachment` for each machine.
   */
  serve(ports: BalancedPort[], machines: Machine[]): void {
    for (const port of ports) this.listen(port, machines);
  }

  private listen({ protocol, port, healthPort }: BalancedPort, machines: Machine[]): void {
    const name = `${this.prefix}-${protocol}-${port}`;
    const group = new lb.TargetGroup(
      name,
      {
        vpcId: this.args.vpcId,
        protocol: protocol.toUpperCase(),
        port,
        targetType: "instance",
        deregistrationDelay: DRAIN_SECONDS,
        healthCheck: { protocol: "TCP", port: String(healthPort), ...CHECK },
        tags: this.tags(),
      },
      { parent: this },
    );
    new lb.Listener(
      `${name}-listener`,
      {
        loadBalancerArn: this.balancer.arn,
        protocol: protocol.toUpperCase(),
        port,
        defaultActions: [{ type: "forward", targetGroupArn: group.arn }],
        tags: this.tags(),
      },
      { parent: this },
    );
    for (const machine of machines) {
      new lb.TargetGroupAttachment(
        `${name}-${machine.name}`,
        { targetGroupArn: group.arn, targetId: machine.identity },
        { parent: this },
      );
    }
  }

  private tags() {
    return tagsOf(this.args.stack, this.prefix, "balancer");
  }
}

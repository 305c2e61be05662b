import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import { formerlyAtTop } from "../machine/formerly";
import type { Machine } from "../machine/machine";
import { Certificates, type CertificateSettings } from "../swarm/certificates";
import { API_PORT, gwbridgeFile, type Gwbridge } from "../swarm/engine";
import { engineFiles } from "../swarm/engineFiles";
import type { OpenPort } from "../swarm/publish";
import { Ec2Machine } from "./ec2Machine";
import { Efs } from "./efs";
import { ElasticIps } from "./elasticIps";
import { LoadBalancer } from "./loadBalancer";
import type { Ec2Plan } from "./plan";
import { SecurityGroups } from "./securityGroups";
import {
  balancedPorts,
  healthPort,
  securityGroups,
  securityRules,
  type SecurityGroupName,
  type SecurityRulesArgs,
} from "./securityRules";
import { Vpc } from "./vpc";

export interface Ec2MachinesArgs {
  plan: Ec2Plan;
  /** Who reaches what, and which load balancers and file system there are. */
  security: SecurityRulesArgs["config"];
  /** Ports that services have open on nodes. */
  published: OpenPort[];
  instanceType: string;
  /** ID of the machine image. */
  image: string;
  /** Whether another image replaces the machines. */
  imageReplaces: boolean;
  /** Whether machines may use Session Manager. */
  sessionManager: boolean;
  /** Who logs in: the image's user. */
  sshUser: string;
  gwbridge: Gwbridge;
  /** What engines pull through; empty for none. */
  registryMirror: string;
  certificates: CertificateSettings;
}

/**
 * The machines of one swarm on EC2, in a VPC that is made or in one that exists: security groups, elastic
 * IPs, load balancers and a file system where they are asked for, and an instance for each node. And the
 * certificates of the managers' API, which the machines are made with.
 */
export class Ec2Machines extends pulumi.ComponentResource {
  /** The nodes: managers first, then workers. */
  readonly machines: Machine[];
  readonly certificates: Certificates;
  /** Where clients reach the API of whichever manager answers, with a load balancer for it. */
  readonly apiAddress: pulumi.Output<string> | undefined;
  /** Name of the file system's NFS server, where there is one. */
  readonly fileServer: pulumi.Output<string> | undefined;
  /** Secret: OpenSSH private key that logs in to every machine. */
  readonly sshPrivateKey: pulumi.Output<string>;
  /** AWS's identifiers of the VPC and its subnets, by name. */
  readonly networkIds: pulumi.Output<Record<string, string>>;

  constructor(
    name: string,
    private readonly args: Ec2MachinesArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("swarm:ec2:Ec2Machines", name, {}, opts);
    const { plan, published } = args;
    const { stack } = plan;
    const groups = { config: args.security, published };

    const access = new tls.PrivateKey("access", { algorithm: "ED25519" }, formerlyAtTop(this));
    const vpc = new Vpc("vpc", { plan }, formerlyAtTop(this));
    const security = new SecurityGroups(
      "security",
      {
        stack,
        vpcId: vpc.vpcId,
        groups: securityGroups(groups),
        rules: securityRules(groups),
      },
      formerlyAtTop(this),
    );
    const elasticIps = new ElasticIps(
      "elastic-ips",
      { stack, nodes: plan.nodes.filter(({ elasticIp }) => elasticIp).map(({ name }) => name) },
      formerlyAtTop(this),
    );
    const front = args.security.ec2Balancer ? this.balancer("balancer", vpc, security) : undefined;
    const apiFront = args.security.ec2ApiBalancer
      ? this.balancer("api-balancer", vpc, security)
      : undefined;
    this.certificates = this.createCertificates(elasticIps, apiFront);

    this.machines = plan.nodes.map(
      (node) =>
        new Ec2Machine(
          node.name,
          {
            stack,
            node,
            instanceType: args.instanceType,
            image: args.image,
            imageReplaces: args.imageReplaces,
            diskGiB: plan.diskGiB,
            subnet: vpc.publicSubnets[node.zone]!,
            securityGroups: [
              security.id("nodes"),
              ...(node.role === "manager" ? [security.id("managers")] : []),
            ],
            elasticIp: elasticIps.byNode[node.name],
            sessionManager: args.sessionManager,
            fixedFiles: [gwbridgeFile(args.gwbridge)],
            engineFiles: engineFiles(args, node, this.certificates),
            sshUser: args.sshUser,
            access,
            dependsOn: [vpc, security],
          },
          formerlyAtTop(this),
        ),
    );
    front?.serve(
      balancedPorts(published).map((port) => ({
        protocol: port.protocol,
        port: port.published,
        healthPort: healthPort(port),
      })),
      this.machines,
    );
    apiFront?.serve(
      [{ protocol: "tcp", port: API_PORT, healthPort: API_PORT }],
      this.machines.filter(({ role }) => role === "manager"),
    );
    this.fileServer =
      args.security.storage === "efs"
        ? new Efs(
            "efs",
            { stack, subnets: vpc.internalSubnets, securityGroup: security.id("efs") },
            formerlyAtTop(this),
          ).server
        : undefined;
    this.apiAddress = apiFront?.dnsName;
    this.sshPrivateKey = access.privateKeyOpenssh;
    this.networkIds = vpc.ids;
    this.registerOutputs({ networkIds: this.networkIds });
  }

  private balancer(
    name: Extract<SecurityGroupName, "balancer" | "api-balancer">,
    vpc: Vpc,
    security: SecurityGroups,
  ): LoadBalancer {
    return new LoadBalancer(
      name,
      {
        stack: this.args.plan.stack,
        vpcId: vpc.vpcId,
        subnets: vpc.publicSubnets,
        securityGroup: security.id(name),
      },
      formerlyAtTop(this),
    );
  }

  private createCertificates(
    elasticIps: ElasticIps,
    apiFront: LoadBalancer | undefined,
  ): Certificates {
    const servers = this.args.plan.managers.map((node) => {
      const elasticIp = elasticIps.byNode[node.name];
      return {
        name: node.name,
        addresses: [...(elasticIp ? [elasticIp.publicIp] : []), node.address],
        names: apiFront ? [apiFront.dnsName] : [],
      };
    });
    return new Certificates(
      "api",
      { servers, ...this.args.certificates },
      formerlyAtTop(this, "swarm:api:Certificates"),
    );
  }
}

import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as ec2 from "@pulumi/aws/ec2";
import * as iam from "@pulumi/aws/iam";
import * as ssm from "@pulumi/aws/ssm";
import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import {
  ASSUME_ROLE_POLICY,
  instanceUserData,
  machinePolicy,
  parameterName,
  parameterValue,
} from "./firstBoot";
import { tagsOf, type Ec2NodePlan } from "./plan";
import type { Role } from "../machine/nodes";
import type { SeedFile } from "../machine/userData";
import type { Connection, Machine } from "../machine/machine";

export interface Ec2MachineArgs {
  stack: string;
  node: Ec2NodePlan;
  instanceType: string;
  /** ID of the machine image. */
  image: string;
  /** Whether another image replaces the machine. */
  imageReplaces: boolean;
  diskGiB: number;
  subnet: pulumi.Input<string>;
  securityGroups: pulumi.Input<string>[];
  /** Its elastic address. Without one it gets another public address at every start. */
  elasticIp: ec2.Eip | undefined;
  /** Whether it may use Session Manager. */
  sessionManager: boolean;
  /** Files of its user data. Another content is another machine. */
  fixedFiles: SeedFile[];
  /** What its engine finds at its first start. A change of these does not replace the machine. */
  engineFiles: pulumi.Input<SeedFile>[];
  sshUser: string;
  /** The key pair that the operator logs in with. */
  access: tls.PrivateKey;
  /** The way to it, which is there before it and goes after it. */
  dependsOn: pulumi.Resource[];
}

const FIRST_BOOT = join(__dirname, "scripts", "first-boot.sh");
const TYPE = "SecureString";

/**
 * One EC2 instance, and what is its own: an SSH host key, a parameter with its secrets, and a role
 * that may read that parameter and nothing else.
 *
 * What shapes the machine (user data, instance type, disk, subnet, address) replaces it, so that a
 * swarm node never comes back with another node's memory. The secrets are no part of the user data,
 * which stays readable for as long as the instance exists: a script of the first boot fetches them.
 */
export class Ec2Machine extends pulumi.ComponentResource implements Machine {
  readonly name: string;
  readonly role: Role;
  readonly index: number;
  readonly connection: pulumi.Output<Connection>;
  readonly ingressAddress: pulumi.Output<string>;
  readonly inboundAddress: pulumi.Output<string>;
  readonly advertiseAddress: pulumi.Output<string>;
  readonly identity: pulumi.Output<string>;
  readonly knownHost: pulumi.Output<string>;

  constructor(
    private readonly prefix: string,
    private readonly args: Ec2MachineArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("swarm:ec2:Ec2Machine", prefix, {}, opts);
    this.name = args.node.name;
    this.role = args.node.role;
    this.index = args.node.index;

    const hostKey = new tls.PrivateKey(
      `${prefix}-host-key`,
      { algorithm: "ED25519" },
      { parent: this },
    );
    const parameter = this.secrets(hostKey);
    const profile = this.permission(parameter);
    this.advertiseAddress = pulumi.output(args.node.address);
    const instance = this.instance(hostKey, parameter, profile);
    const association = args.elasticIp && this.association(args.elasticIp, instance);

    this.identity = instance.id;
    this.ingressAddress = args.elasticIp?.publicIp ?? instance.publicIp;
    // AWS translates the public address on the way in.
    this.inboundAddress = this.advertiseAddress;
    this.connection = pulumi.output({
      // Whatever logs in comes after the association, and goes before it.
      host: pulumi.all([this.ingressAddress, association?.id]).apply(([address]) => address),
      user: args.sshUser,
      privateKey: args.access.privateKeyOpenssh,
      hostKey: hostKey.publicKeyOpenssh,
    });
    this.knownHost = pulumi
      .all([this.ingressAddress, hostKey.publicKeyOpenssh])
      .apply(([address, key]) => `${address} ${key.trim()}`);
    this.registerOutputs({
      identity: this.identity,
      ingressAddress: this.ingressAddress,
      advertiseAddress: this.advertiseAddress,
    });
  }

  /** What its user data leaves out. */
  private secrets(hostKey: tls.PrivateKey): ssm.Parameter {
    const { stack, engineFiles } = this.args;
    return new ssm.Parameter(
      `${this.prefix}-first-boot`,
      {
        name: parameterName(stack, this.name),
        type: TYPE,
        value: pulumi.secret(
          pulumi
            .all([hostKey.privateKeyOpenssh, pulumi.all(engineFiles)])
            .apply(([key, files]) => parameterValue(key, files)),
        ),
        tags: this.tags(),
      },
      { parent: this },
    );
  }

  private permission(parameter: ssm.Parameter) {
    const path = `/pulumi-swarm/${this.args.stack}/`;
    const role = new iam.Role(
      `${this.prefix}-role`,
      { path, assumeRolePolicy: ASSUME_ROLE_POLICY, tags: this.tags() },
      { parent: this },
    );
    const policy = new iam.RolePolicy(
      `${this.prefix}-policy`,
      {
        role: role.id,
        policy: parameter.arn.apply((arn) => machinePolicy(arn, this.args.sessionManager)),
      },
      { parent: this },
    );
    const profile = new iam.InstanceProfile(
      `${this.prefix}-profile`,
      { path, role: role.name, tags: this.tags() },
      { parent: this },
    );
    return { policy, profile };
  }

  private instance(
    hostKey: tls.PrivateKey,
    parameter: ssm.Parameter,
    { policy, profile }: { policy: iam.RolePolicy; profile: iam.InstanceProfile },
  ): ec2.Instance {
    const { args } = this;
    return new ec2.Instance(
      `${this.prefix}-instance`,
      {
        ami: args.image,
        instanceType: args.instanceType,
        subnetId: args.subnet,
        privateIp: args.node.address,
        vpcSecurityGroupIds: args.securityGroups,
        iamInstanceProfile: profile.name,
        // Left out with an elastic IP: AWS then says that it has one, which would be a difference.
        ...(args.elasticIp ? {} : { associatePublicIpAddress: true }),
        userData: pulumi
          .all([args.access.publicKeyOpenssh, hostKey.publicKeyOpenssh])
          .apply(([userKey, hostPublicKey]) =>
            instanceUserData({
              node: args.node,
              user: { name: args.sshUser, publicKey: userKey.trim() },
              hostPublicKey: hostPublicKey.trim(),
              fixedFiles: args.fixedFiles,
              script: readFileSync(FIRST_BOOT, "utf8"),
              parameter: parameterName(args.stack, this.name),
            }),
          ),
        userDataReplaceOnChange: true,
        rootBlockDevice: {
          volumeType: "gp3",
          volumeSize: args.diskGiB,
          encrypted: true,
          deleteOnTermination: true,
          tags: this.tags(),
        },
        // Version 2 only, and not for containers: they are one hop further away.
        metadataOptions: {
          httpEndpoint: "enabled",
          httpTokens: "required",
          httpPutResponseHopLimit: 1,
        },
        ...(args.node.spot ? { instanceMarketOptions: { marketType: "spot" } } : {}),
        tags: this.tags(),
      },
      {
        parent: this,
        dependsOn: [...args.dependsOn, parameter, policy],
        deleteBeforeReplace: true, // its address can be had once
        // In place, AWS would stop the node without letting the swarm know.
        replaceOnChanges: ["instanceType", "rootBlockDevice"],
        ...(args.imageReplaces ? {} : { ignoreChanges: ["ami"] }),
      },
    );
  }

  private association(address: ec2.Eip, instance: ec2.Instance): ec2.EipAssociation {
    return new ec2.EipAssociation(
      `${this.prefix}-address`,
      { allocationId: address.allocationId, instanceId: instance.id },
      { parent: this },
    );
  }

  private tags() {
    return tagsOf(this.args.stack, this.name, this.role);
  }
}

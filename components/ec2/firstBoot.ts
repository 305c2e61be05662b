import { userData, type SeedFile, type UserDataArgs } from "../machine/userData";

/** Where the script lies on a machine that brings the secrets to it. */
const SCRIPT = "/usr/local/sbin/first-boot";

export interface FirstBootArgs extends Omit<UserDataArgs, "engineFiles" | "hostKey" | "commands"> {
  /** The public half of the SSH host key. */
  hostPublicKey: string;
  /** Text of components/ec2/scripts/first-boot.sh. */
  script: string;
  /** Name of the machine's parameter. */
  parameter: string;
}

/**
 * The user data of an instance: that of a KVM machine, without its secrets. Whoever may describe
 * instances can read it, so a script fetches the rest from the machine's own parameter.
 */
export function instanceUserData(args: FirstBootArgs): string {
  const { script, parameter, hostPublicKey, ...rest } = args;
  return userData({
    ...rest,
    engineFiles: [{ path: SCRIPT, content: script, permissions: "0755" }],
    commands: [[SCRIPT, parameter, hostPublicKey]],
  });
}

/** Name of the parameter that a machine's secrets are in. */
export function parameterName(stack: string, node: string): string {
  return `/pulumi-swarm/${stack}/${node}/first-boot`;
}

const HOST_KEY = "/etc/ssh/ssh_host_ed25519_key";

/**
 * A machine's parameter: the files that its user data leaves out, each as path, mode and content in
 * base64, all with spaces between them. So its JSON form has nothing in it that is escaped, and a
 * script can read it without a JSON parser. A parameter has room for 4096 characters.
 */
export function parameterValue(hostPrivateKey: string, engineFiles: SeedFile[]): string {
  return [{ path: HOST_KEY, content: hostPrivateKey, permissions: "0600" }, ...engineFiles]
    .flatMap(({ path, content, permissions }) => [
      path,
      permissions,
      Buffer.from(content).toString("base64"),
    ])
    .join(" ");
}

/** What a machine may do on AWS: read its own parameter, and be logged in to where that is wanted. */
export function machinePolicy(parameterArn: string, sessionManager: boolean): string {
  const allow = (Action: string[], Resource: string) => ({ Effect: "Allow", Action, Resource });
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      allow(["ssm:GetParameter"], parameterArn),
      // Not AWS's own AmazonSSMManagedInstanceCore: that reads every parameter of the account.
      ...(sessionManager ? [allow(SESSION_MANAGER, "*")] : []),
    ],
  });
}

/** https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-create-iam-instance-profile.html */
const SESSION_MANAGER = [
  "ssm:UpdateInstanceInformation",
  "ssmmessages:CreateControlChannel",
  "ssmmessages:CreateDataChannel",
  "ssmmessages:OpenControlChannel",
  "ssmmessages:OpenDataChannel",
];

/** Who may have a machine's role: EC2, on its behalf. */
export const ASSUME_ROLE_POLICY = JSON.stringify({
  Version: "2012-10-17",
  Statement: [
    { Effect: "Allow", Action: "sts:AssumeRole", Principal: { Service: "ec2.amazonaws.com" } },
  ],
});

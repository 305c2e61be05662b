import { LoginKey } from "../components/remote/loginKey";
import type { Config } from "./config";
import { ec2Target } from "./ec2";
import { kvmTarget } from "./kvm";
import { allMachines, type Target, type TargetArgs } from "./seam";

/**
 * Makes the machines on the target that the config names.
 *
 * @throws ConfigError for what is wrong with the config there, before anything is registered.
 */
export async function makeTarget(args: TargetArgs): Promise<Target> {
  const target = await (args.config.target === "ec2" ? ec2Target(args) : kvmTarget(args));
  return withLoginKey(target, args.config);
}

/** The same machines, to be logged in to with the key that the config has rotated to. */
function withLoginKey(target: Target, config: Config): Target {
  const { machines, storageMachine } = target;
  const login = new LoginKey(
    "login",
    {
      machines: allMachines(target),
      first: target.sshPrivateKey,
      rotation: config.sshKeyRotation,
      timeoutSeconds: config.bootTimeoutSeconds,
    },
    { aliases: [{ type: "swarm:access:LoginKey" }] },
  );
  return {
    ...target,
    machines: machines.map((machine) => login.machines.get(machine)!),
    storageMachine: storageMachine && login.machines.get(storageMachine),
    sshPrivateKey: login.privateKey,
  };
}

import * as pulumi from "@pulumi/pulumi";
import { LoginKey } from "../components/remote/loginKey";
import type { Certificates } from "../components/swarm/certificates";
import type { Machine } from "../components/machine/machine";
import type { SharedFolder } from "../components/storage/sharedStorage";
import type { OpenPort } from "../components/service/compose";
import type { Config } from "./config";
import { ec2Target } from "../components/ec2/ec2Machines";
import { kvmTarget } from "../components/kvm/kvmMachines";

/** What a target gives to the rest of the program. */
export interface Target {
  /** The nodes: managers first, then workers. */
  machines: Machine[];
  /** The machine that keeps data for services, where the config asks for one. */
  storageMachine: Machine | undefined;
  /** Where services keep data that outlives the node they run on. */
  storage: SharedFolder;
  /** The network that the nodes' advertise addresses are in. */
  internalCidr: string;
  /** All networks that the machines have addresses in, that one among them. */
  machineCidrs: string[];
  /** Of the managers' API. */
  certificates: Certificates;
  /** Where clients reach the API of whichever manager answers, where there is such an address. */
  apiAddress: pulumi.Output<string> | undefined;
  /** OpenSSH private key that logs in to every machine. */
  sshPrivateKey: pulumi.Output<string>;
  /** Identifiers of the networks that were made or found, by name. */
  networkIds: pulumi.Output<Record<string, string>>;
}

/** What every target is made from. */
export interface TargetArgs {
  config: Config;
  /** Name of the Pulumi stack. */
  stack: string;
  /** Ports that services have open on nodes. */
  published: OpenPort[];
}

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
  const login = new LoginKey("login", {
    machines: reached(target),
    first: target.sshPrivateKey,
    rotation: config.sshKeyRotation,
    timeoutSeconds: config.bootTimeoutSeconds,
  });
  return {
    ...target,
    machines: machines.map((machine) => login.machines.get(machine)!),
    storageMachine: storageMachine && login.machines.get(storageMachine),
    sshPrivateKey: login.privateKey,
  };
}

/** Every machine that one can log in to. */
export function reached({
  machines,
  storageMachine,
}: Pick<Target, "machines" | "storageMachine">): Machine[] {
  return [...machines, ...(storageMachine ? [storageMachine] : [])];
}

import type * as pulumi from "@pulumi/pulumi";
import type { Machine } from "../components/machine/machine";
import type { SharedFolder } from "../components/storage/sharedStorage";
import type { Certificates } from "../components/swarm/certificates";
import type { OpenPort } from "../components/swarm/publish";
import type { Config } from "./config";

/** What a target gives to the rest of the program, which does not know which target it is. */
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

/** Every machine that one can log in to. */
export function allMachines({
  machines,
  storageMachine,
}: Pick<Target, "machines" | "storageMachine">): Machine[] {
  return [...machines, ...(storageMachine ? [storageMachine] : [])];
}

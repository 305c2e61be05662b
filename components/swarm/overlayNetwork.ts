import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { fingerprint } from "../machine/fingerprint";
import { overlayOptions } from "./ingress";
import { ANY_MANAGER } from "../remote/sshConfig";
import { dockerHooks } from "./dockerHooks";
import { ownLabel, type SwarmHandle } from "./handle";

export interface OverlayNetworkArgs extends Omit<
  docker.NetworkArgs,
  "driver" | "options" | "labels"
> {
  name: string;
  swarm: SwarmHandle;
  /** Bound for a network of the same name to go, in seconds. */
  timeoutSeconds: number;
  /** Bytes */
  mtu: number;
  encrypted: boolean;
}

/**
 * One overlay network of the swarm. A changed MTU or encryption replaces it.
 *
 * Docker adds an option of its own, which would be a difference in every run: so the options are not
 * compared, and a trigger stands for the ones that we set. Neither is its label: networks that were
 * made before there was one stay as they are.
 */
export function overlayNetwork(
  name: string,
  { mtu, encrypted, swarm, timeoutSeconds, ...args }: OverlayNetworkArgs,
  opts: pulumi.CustomResourceOptions,
): docker.Network {
  const options = overlayOptions({ mtu, encrypted });
  return new docker.Network(
    name,
    { ...args, driver: "overlay", options, labels: [ownLabel(swarm)] },
    {
      deletedWith: swarm.lifetime,
      deleteBeforeReplace: true, // its name can be had once
      ignoreChanges: ["options", "labels"],
      replacementTrigger: fingerprint(options),
      hooks: dockerHooks(name, {
        access: swarm.access,
        manager: ANY_MANAGER,
        script: "swarm/overlay",
        words: ["make-room", timeoutSeconds, args.name, swarm.stack],
      }),
      ...opts,
    },
  );
}

/**
 * The machines of the `dev` stack and nothing else: what the benchmark's limit is measured on. The
 * same code, image and domain definition as the whole program has.
 */
import * as pulumi from "@pulumi/pulumi";
import { readConfig } from "../../../stacks/config/read";
import { kvmTarget } from "../../../stacks/kvm";

export = async () => {
  const config = readConfig();
  const { machines, sshPrivateKey } = await kvmTarget({
    config,
    stack: pulumi.getStack(),
    published: [],
  });
  return {
    nodes: machines.map(({ name, role, ingressAddress, identity }) => ({
      name,
      role,
      ingressAddress,
      identity,
    })),
    sshUser: config.sshUser,
    sshPrivateKey,
    sshKnownHosts: machines.map((machine) => machine.knownHost),
  };
};

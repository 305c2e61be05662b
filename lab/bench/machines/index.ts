/**
 * The machines of the `dev` stack and nothing else: what the benchmark's limit is measured on. The
 * same code, image and domain definition as the whole program has.
 */
import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import { planCluster } from "../../../plan/cluster";
import { parseConfig } from "../../../plan/config";
import { kvmTarget } from "../../../stacks/kvm";

export = async () => {
  const prefix = `${pulumi.getProject()}:`;
  const config = parseConfig(
    Object.fromEntries(
      Object.entries(pulumi.runtime.allConfig()).map(([key, value]) => [
        key.slice(prefix.length),
        value,
      ]),
    ),
  );
  const access = new tls.PrivateKey("access", { algorithm: "ED25519" });
  const plan = planCluster(config, pulumi.getStack());
  const { machines } = await kvmTarget(config, plan, access);
  return {
    nodes: machines.map(({ name, role, ingressAddress, identity }) => ({
      name,
      role,
      ingressAddress,
      identity,
    })),
    sshUser: config.sshUser,
    sshPrivateKey: access.privateKeyOpenssh,
    sshKnownHosts: machines.map((machine) => machine.knownHost),
  };
};

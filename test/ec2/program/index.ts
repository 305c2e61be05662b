/** The target `ec2` and nothing after it: what can be made on an emulated AWS. */
import * as pulumi from "@pulumi/pulumi";
import { publishedPorts } from "../../../components/service/compose";
import { planServices } from "../../../stacks/services";
import { readConfig } from "../../../stacks/config/read";
import { ec2Target } from "../../../stacks/ec2";

export = async () => {
  const config = readConfig();
  const published = publishedPorts(planServices(config), undefined);
  const target = await ec2Target({ config, stack: pulumi.getStack(), published });
  return {
    nodes: target.machines.map((machine) => ({
      name: machine.name,
      ingressAddress: machine.ingressAddress,
      advertiseAddress: machine.advertiseAddress,
      identity: machine.identity,
      knownHost: machine.knownHost,
    })),
    storage: target.storage,
    networkIds: target.networkIds,
    apiAddress: target.apiAddress ?? "",
    certificates: target.certificates.servers,
  };
};

import type { ResourceRule, StackRule } from "../rule";
import { noPlaintextApi } from "./api";
import { encryptedDisks, encryptedIngress } from "./encryption";
import { pinnedImages } from "./images";
import { gracefulExit, oddManagers, oneManagerAtATime, protectManagerDisks } from "./managers";
import { internalAdvertise, noOverlappingNetworks, oneIngressNetwork } from "./networks";
import { secretsMarkedSecret } from "./secrets";
import { managementPages, noOpenWorld } from "./world";

export const resourceRules: ResourceRule[] = [encryptedDisks, secretsMarkedSecret];

export const stackRules: StackRule[] = [
  noPlaintextApi,
  pinnedImages,
  encryptedIngress,
  oddManagers,
  gracefulExit,
  oneManagerAtATime,
  noOpenWorld,
  managementPages,
  internalAdvertise,
  oneIngressNetwork,
  noOverlappingNetworks,
  protectManagerDisks,
];

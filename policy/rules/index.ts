import type { ResourceRule, StackRule } from "../rule";
import { noPlaintextApi } from "./api";
import { encryptedDisks, encryptedIngress } from "./encryption";
import { pinnedImages } from "./images";
import { gracefulExit, oddManagers, oneManagerAtATime, protectManagerDisks } from "./managers";
import { internalAdvertise, noOverlappingNetworks, oneIngressNetwork } from "./networks";
import { secretsMarkedSecret } from "./secrets";
import { noOpenWorld } from "./world";

export const resourceRules: ResourceRule[] = [
  noPlaintextApi,
  encryptedDisks,
  pinnedImages,
  secretsMarkedSecret,
];

export const stackRules: StackRule[] = [
  encryptedIngress,
  oddManagers,
  gracefulExit,
  oneManagerAtATime,
  noOpenWorld,
  internalAdvertise,
  oneIngressNetwork,
  noOverlappingNetworks,
  protectManagerDisks,
];

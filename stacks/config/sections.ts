/** What the config says of one concept, in that concept's own words: arguments of components. */
import type { CertificateSettings } from "../../components/swarm/certificates";
import type { Gwbridge } from "../../components/swarm/engine";
import type { Ingress } from "../../components/swarm/ingress";
import type { Storage } from "../../components/storage/plan";
import type { Config } from "./schema";

export function gwbridgeOf(config: Config): Gwbridge {
  return {
    subnet: config.gwbridgeSubnet,
    icc: config.gwbridgeIcc,
    masquerade: config.gwbridgeMasquerade,
    mtu: config.gwbridgeMtu,
  };
}

export function ingressOf(config: Config): Ingress {
  return {
    name: config.ingressName,
    subnet: config.ingressSubnet,
    gateway: config.ingressGateway,
    mtu: config.ingressMtu,
    encrypted: config.ingressEncrypted,
  };
}

export function certificatesOf(config: Config): CertificateSettings {
  return {
    days: config.certificateDays,
    renewDays: config.certificateRenewDays,
    rotation: config.certificateRotation,
  };
}

/** A server that exists. */
export function storageOf(config: Config): Storage {
  return { kind: config.storage, server: config.nfsServer, export: config.nfsExport };
}

/** From where management pages are reached; none for anywhere. */
export function adminCidrsOf(config: Config): string[] {
  return config.target === "ec2" ? config.ec2AdminCidrs : config.adminCidrs;
}

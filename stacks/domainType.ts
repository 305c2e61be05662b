import type { DomainType } from "../components/kvm/domain";
import { bestDomainType } from "../components/kvm/accelerator";
import type { Config } from "./config";

/**
 * `auto` means the hardware's accelerator, unless the hypervisor is this very machine and a trial
 * shows that it does not work here.
 */
export async function domainType(config: Config): Promise<DomainType> {
  if (config.domainType !== "auto") return config.domainType;
  return new URL(config.libvirtUri).host ? "kvm" : bestDomainType();
}

/**
 * Where each libvirt property of sdks/libvirt goes in libvirt's XML (see `Places`).
 * https://libvirt.org/format.html
 */
import type { Places } from "./xml";

export const NETWORK: Places = {
  name: "name/#",
  "bridge.name": "bridge/@name",
  "mtu.size": "mtu/@size",
  "forward.mode": "forward/@mode",
  "dns.enable": "dns/@enable",
  "ips[].address": "ip[]/@address",
  "ips[].prefix": "ip[]/@prefix",
};

export const POOL: Places = {
  name: "name/#",
  type: "@type",
  "target.path": "target/path/#",
};

export const VOLUME: Places = {
  name: "name/#",
  capacity: "capacity/#",
  "target.format.type": "target/format/@type",
  "backingStore.path": "backingStore/path/#",
  "backingStore.format.type": "backingStore/format/@type",
};

export const DOMAIN: Places = {
  type: "@type",
  name: "name/#",
  memory: "memory/#",
  memoryUnit: "memory/@unit",
  vcpu: "vcpu/#",
  "os.type": "os/type/#",
  "os.typeArch": "os/type/@arch",
  "os.typeMachine": "os/type/@machine",
  "os.bootDevices[].dev": "os/boot[]/@dev",
  "cpu.mode": "cpu/@mode",
  "cpu.features[].name": "cpu/feature[]/@name",
  "cpu.features[].policy": "cpu/feature[]/@policy",
  "features.acpi": "features/acpi/?",
  "clock.offset": "clock/@offset",
  "devices.disks[].driver.name": "devices/disk[]/driver/@name",
  "devices.disks[].driver.type": "devices/disk[]/driver/@type",
  "devices.disks[].source.file.file": ["devices/disk[]/source/@file", "devices/disk[]/@type=file"],
  "devices.disks[].target.dev": "devices/disk[]/target/@dev",
  "devices.disks[].target.bus": "devices/disk[]/target/@bus",
  "devices.interfaces[].mac.address": "devices/interface[]/mac/@address",
  "devices.interfaces[].model.type": "devices/interface[]/model/@type",
  "devices.interfaces[].source.network.network": [
    "devices/interface[]/source/@network",
    "devices/interface[]/@type=network",
  ],
  "devices.consoles[].target.type": "devices/console[]/target/@type",
  "devices.consoles[].target.port": "devices/console[]/target/@port",
};

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile, readdir, writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import type { DomainType } from "../components/kvm/domain";
import { startDaemon } from "./daemon";
import { runFolder } from "./inside";
import { bestDomainType } from "./accelerator";

const run = promisify(execFile);
const uri = "qemu:///system";

export interface HypervisorOptions {
  /** Seconds until libvirt has to answer. Default: 60. */
  timeoutSeconds?: number;
}

export interface Hypervisor {
  /** What libvirt clients connect to. It means this hypervisor inside the lab only. */
  uri: string;
  /** How machines are run here: `kvm` where that works, else `qemu`. */
  domainType: DomainType;
  /** Ends libvirt. Running machines and networks go on without it; they end with the lab. */
  stop(): Promise<void>;
}

// There is no machine to protect from a guest here but a throw-away one, and the lab hides what
// libvirt would use for that: user accounts, AppArmor, control groups and mount namespaces.
const qemuConf = `\
user = "root"
group = "root"
security_driver = "none"
cgroup_controllers = []
namespaces = []
`;

/**
 * Starts libvirt inside the lab and waits until it answers.
 *
 * @throws Error outside a lab, and in a lab that has one already, and when libvirt does not answer in
 *   time (with the end of its log).
 */
export async function startHypervisor(options: HypervisorOptions = {}): Promise<Hypervisor> {
  runFolder();
  if (existsSync("/run/libvirt/libvirt-sock")) {
    throw new Error("a hypervisor is already running in this lab");
  }
  const timeoutSeconds = options.timeoutSeconds ?? 60;
  const domainType = bestDomainType();
  await writeFile("/etc/libvirt/qemu.conf", qemuConf);

  const virtlogd = startDaemon("virtlogd", [], "/var/log/libvirt/virtlogd.log");
  const libvirtd = startDaemon("libvirtd", [], "/var/log/libvirt/libvirtd.log");
  await libvirtd.waitUntil(async () => {
    await run("virsh", ["-c", uri, "version"]);
    return true;
  }, timeoutSeconds);

  return {
    uri,
    domainType: await domainType,
    async stop() {
      await libvirtd.stop();
      await virtlogd.stop();
    },
  };
}

/** What a stack can leave in a hypervisor: names, except for processes (`pid name`). */
export interface Leftovers {
  domains: string[];
  networks: string[];
  pools: string[];
  bridges: string[];
  processes: string[];
}

/**
 * Lists everything in the lab that a stack made: all empty on a fresh hypervisor and, if nothing was
 * forgotten, after `destroy`.
 */
export async function listLeftovers(): Promise<Leftovers> {
  runFolder();
  const names = async (...list: string[]) =>
    words((await run("virsh", ["-c", uri, ...list])).stdout);
  const bridges = await run("ip", ["-json", "link", "show", "type", "bridge"]);
  return {
    domains: await names("list", "--all", "--name"),
    networks: await names("net-list", "--all", "--name"),
    pools: await names("pool-list", "--all", "--name"),
    bridges: (JSON.parse(bridges.stdout || "[]") as { ifname?: string }[]).flatMap(
      (link) => link.ifname ?? [],
    ),
    processes: await processes(["qemu-system-x86", "dnsmasq"]),
  };
}

/** Processes of the lab by the kernel's name for them, which has at most 15 characters. */
async function processes(names: string[]): Promise<string[]> {
  const ids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const all = await Promise.all(
    ids.map(async (id) => {
      // A process may end between the listing and the look at it.
      const name = (await readFile(`/proc/${id}/comm`, "utf8").catch(() => "")).trim();
      return { id, name };
    }),
  );
  return all.filter(({ name }) => names.includes(name)).map(({ id, name }) => `${id} ${name}`);
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}

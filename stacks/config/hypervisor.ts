import { posix } from "node:path";
import { z } from "zod";
import { text } from "../../components/machine/fields";

/** The ways to a remote libvirt daemon that the provider has. */
const REMOTE_TRANSPORTS = ["ssh", "sshcmd", "tls", "tcp"];
const REMOTE_EXAMPLE = "write qemu+ssh://user@host/system";

function libvirtUriProblem(uri: string): string | undefined {
  if (!URL.canParse(uri)) return "is not a URI; write qemu:///system";
  const { protocol, host, pathname } = new URL(uri);
  const [driver, transport] = protocol.replace(/:$/, "").split("+");
  if (driver !== "qemu") {
    return `is for the hypervisor "${driver}", and only QEMU works here; write qemu:///system`;
  }
  if (pathname === "/session") {
    const system = uri.replace("/session", "/system");
    return `is a user's own libvirt, which cannot make the bridges of the networks; write ${system}`;
  }
  if (pathname !== "/system") return "does not end in /system; write qemu:///system";
  if (transport === undefined) {
    return host ? `has a host but no way to reach it; ${REMOTE_EXAMPLE}` : undefined;
  }
  if (!REMOTE_TRANSPORTS.includes(transport)) {
    return (
      `uses the transport "${transport}", which the provider does not have; ` +
      `write qemu:///system, or use one of ${REMOTE_TRANSPORTS.join(", ")}`
    );
  }
  return host ? undefined : `names no host; ${REMOTE_EXAMPLE}`;
}

function poolPathProblem(path: string): string | undefined {
  const remedy = "write an absolute path such as /var/lib/libvirt/pulumi-swarm";
  if (!path.startsWith("/")) return `is not an absolute path; ${remedy}`;
  if (path === "/") return `is the root of the file system; ${remedy}`;
  const plain = posix.normalize(path).replace(/\/$/, "");
  if (plain !== path) return `goes a roundabout way; write ${plain || "another folder"}`;
  return undefined;
}

/** The libvirt daemon, and what it is asked for. */
export const hypervisorKeys = {
  libvirtUri: text(libvirtUriProblem),
  domainType: z.enum(["kvm", "qemu"], {
    error: "is not a domain type; write kvm, or qemu for emulation",
  }),
  poolPath: text(poolPathProblem),
};

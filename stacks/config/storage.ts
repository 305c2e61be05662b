import { z } from "zod";
import { isAddress } from "../../components/machine/addresses";
import { integer, text } from "../../components/machine/fields";

const HOST_NAME = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i;

function serverProblem(server: string): string | undefined {
  const named = HOST_NAME.test(server) && !/^[\d.]+$/.test(server);
  return server === "" || isAddress(server) || named
    ? undefined
    : "is no IPv4 address and no host name; write one such as 192.168.42.1";
}

/** Commas and spaces would end the value inside a mount's options. */
function exportProblem(path: string): string | undefined {
  return path === "" || /^\/[^\s,:]*$/.test(path)
    ? undefined
    : "is no absolute path without spaces, commas and colons; write one such as /srv/swarm";
}

/** Where services keep data that has to outlive the node that they run on. */
export const storageKeys = {
  storage: z.enum(["none", "nfs", "machine", "efs"], {
    error:
      "is not a kind of storage; write none, nfs (with nfsServer and nfsExport), machine (on KVM) " +
      "or efs (on EC2)",
  }),
  nfsServer: text(serverProblem),
  nfsExport: text(exportProblem),
  /** MiB */
  storageMemoryMiB: integer({
    min: 512,
    max: 1024 * 1024,
    tooSmall: "the MiB that the node image needs to boot and to serve files",
  }),
  /** MB of 1,000,000 bytes */
  storageDiskMB: integer({
    min: 1000,
    max: 10_000_000,
    tooSmall: "the MB that a file system and some data need",
  }),
};

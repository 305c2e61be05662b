import * as pulumi from "@pulumi/pulumi";
import type { Certificates } from "./certificates";
import { API_FILES, engineConfig } from "./engine";
import type { NodeId } from "../machine/nodes";
import type { SeedFile } from "../machine/userData";

/** What a node's engine finds at its first start. */
export function engineFiles(
  { registryMirror }: { registryMirror: string },
  { name, role }: NodeId,
  certificates: Certificates,
): pulumi.Input<SeedFile>[] {
  const daemon = {
    path: "/etc/docker/daemon.json",
    content: engineConfig({ registryMirror, role }),
    permissions: "0644",
  };
  const server = certificates.servers[name];
  if (!server) return [daemon];
  return [
    daemon,
    { path: API_FILES.ca, content: server.ca, permissions: "0644" },
    { path: API_FILES.cert, content: server.cert, permissions: "0644" },
    { path: API_FILES.key, content: server.key, permissions: "0600" },
  ].map((file) => pulumi.output(file));
}

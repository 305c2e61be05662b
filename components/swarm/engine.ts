import type { Role } from "../machine/nodes";
import type { SeedFile } from "../machine/userData";

/** Port of the engines' TLS API, by convention (IANA: docker-s). */
export const API_PORT = 2376;

/** Where a manager's API is, as in DOCKER_HOST. */
export function apiUrl(address: string): string {
  return `tcp://${address}:${API_PORT}`;
}

/** Where the material of the TLS API lies on a manager. */
export const API_FILES = {
  ca: "/etc/docker/tls/ca.pem",
  cert: "/etc/docker/tls/cert.pem",
  key: "/etc/docker/tls/key.pem",
};

/**
 * Docker's daemon.json for a node. Managers have the API on TCP, for clients with a certificate of
 * the stack's own CA; workers have it on their socket only. Logs are bounded, since a node's disk
 * is small.
 * https://docs.docker.com/reference/cli/dockerd/#daemon-configuration-file
 */
export function engineConfig(settings: { registryMirror: string; role: Role }): string {
  const { registryMirror, role } = settings;
  const api = {
    hosts: ["unix:///var/run/docker.sock", `tcp://0.0.0.0:${API_PORT}`],
    tlsverify: true,
    tlscacert: API_FILES.ca,
    tlscert: API_FILES.cert,
    tlskey: API_FILES.key,
  };
  return json({
    "log-driver": "json-file",
    "log-opts": { "max-size": "10m", "max-file": "3" },
    ...(registryMirror ? { "registry-mirrors": [registryMirror] } : {}),
    ...(role === "manager" ? api : {}),
  });
}

/** Settings of docker_gwbridge, by which containers on overlay networks reach the outside. */
export interface Gwbridge {
  subnet: string;
  /** Whether containers reach each other over it. */
  icc: boolean;
  masquerade: boolean;
  /** Bytes */
  mtu: number;
}

/** Where a node's first boot and `ready` find the settings of docker_gwbridge. */
export function gwbridgeFile(gwbridge: Gwbridge): SeedFile {
  return {
    path: "/etc/docker/gwbridge",
    content: gwbridgeOptions(gwbridge),
    permissions: "0644",
  };
}

/**
 * The same as options of `docker network create`, one a line.
 * https://docs.docker.com/engine/swarm/networking/#customize-the-docker_gwbridge
 */
export function gwbridgeOptions({ subnet, icc, masquerade, mtu }: Gwbridge): string {
  return [
    `--subnet=${subnet}`,
    "--opt=com.docker.network.bridge.name=docker_gwbridge",
    `--opt=com.docker.network.bridge.enable_icc=${icc}`,
    `--opt=com.docker.network.bridge.enable_ip_masquerade=${masquerade}`,
    `--opt=com.docker.network.driver.mtu=${mtu}`,
    "",
  ].join("\n");
}

function json(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

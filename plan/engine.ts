/**
 * Docker's daemon.json for a node. Logs are bounded, since a node's disk is small.
 * https://docs.docker.com/reference/cli/dockerd/#daemon-configuration-file
 */
export function engineConfig(settings: { registryMirror: string }): string {
  const { registryMirror } = settings;
  return `${JSON.stringify(
    {
      "log-driver": "json-file",
      "log-opts": { "max-size": "10m", "max-file": "3" },
      ...(registryMirror ? { "registry-mirrors": [registryMirror] } : {}),
    },
    null,
    2,
  )}\n`;
}

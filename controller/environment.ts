/* What the container's environment says. */
import { readFileSync } from "node:fs";
import { z } from "zod";
import { flag, integer } from "../components/machine/fields";

const schema = z.object({
  /** Where Prometheus is. */
  PROMETHEUS_URL: z.url("is not a URL; write one such as http://prometheus:9090"),
  PROMETHEUS_USER: z.string(),
  /** A file with the user's password, such as a Docker secret. */
  PROMETHEUS_PASSWORD_FILE: z.string(),
  /** From one look at the swarm to the next. */
  INTERVAL_SECONDS: integer({ min: 1, max: 300 }),
  /** False: it only exports the swarm's state. */
  AUTOSCALE: flag(),
  /** True: it decides and logs, and changes nothing. */
  DRY_RUN: flag(),
  LISTEN_PORT: integer({ min: 0, max: 65535 }),
  DOCKER_SOCKET: z.string(),
});

const DEFAULTS = {
  PROMETHEUS_URL: "http://prometheus:9090",
  PROMETHEUS_USER: "admin",
  PROMETHEUS_PASSWORD_FILE: "/run/secrets/prometheus-password",
  INTERVAL_SECONDS: "15",
  AUTOSCALE: "true",
  DRY_RUN: "false",
  LISTEN_PORT: "8080",
  DOCKER_SOCKET: "/var/run/docker.sock",
};

export type Environment = z.infer<typeof schema> & { password: string };

/** @throws Error with everything that is wrong, a line each */
export function readEnvironment(variables: Record<string, string | undefined>): Environment {
  const given = { ...DEFAULTS, ...variables };
  const result = schema.safeParse(given);
  if (!result.success) {
    const lines = result.error.issues.map(({ path: [name], message }) => {
      const key = String(name);
      return `${key}: ${JSON.stringify((given as Record<string, unknown>)[key])} ${message}`;
    });
    throw new Error(lines.join("\n"));
  }
  const { PROMETHEUS_PASSWORD_FILE: file, AUTOSCALE } = result.data;
  const password = AUTOSCALE ? readFileSync(file, "utf8").trim() : "";
  return { ...result.data, password };
}

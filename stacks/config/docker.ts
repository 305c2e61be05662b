import { integer, text } from "../../components/machine/fields";
import { privateNetwork } from "./network";

/** Docker refuses a mirror with a user, a path or a query. */
function registryMirrorProblem(mirror: string): string | undefined {
  if (mirror === "") return undefined;
  const remedy = "write one such as http://192.168.123.1:5000, or nothing";
  if (!URL.canParse(mirror)) return `is not a URL; ${remedy}`;
  const { protocol, origin, href } = new URL(mirror);
  if (protocol !== "http:" && protocol !== "https:") return `is no http(s) URL; ${remedy}`;
  if (href !== `${origin}/`) return `has more than a host and a port in it; write ${origin}`;
  return undefined;
}

/** Docker in the nodes, and the waits for it. */
export const dockerKeys = {
  registryMirror: text(registryMirrorProblem).transform((mirror) => mirror.replace(/\/$/, "")),
  overlayAddressPool: privateNetwork({ shortest: 8, longest: 16, example: "10.0.0.0/8" }),
  tokenRotation: integer({ min: 0, max: 1_000_000 }),
  caRotation: integer({ min: 0, max: 1_000_000 }),
  /** Days, from a node's next renewal on */
  nodeCertificateDays: integer({
    min: 1,
    max: 3650,
    tooSmall: "and a swarm that is off for a day would not start by itself",
  }),
  /** Seconds, for one node */
  bootTimeoutSeconds: integer({ min: 30, max: 7200 }),
  /** Seconds, for one node */
  joinTimeoutSeconds: integer({ min: 10, max: 3600 }),
  /** Seconds, for one node */
  drainTimeoutSeconds: integer({ min: 10, max: 3600 }),
  /** Seconds, for one service */
  serviceTimeoutSeconds: integer({ min: 10, max: 3600 }),
};

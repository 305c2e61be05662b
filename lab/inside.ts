import { existsSync, readFileSync } from "node:fs";

/** Written by lab/init, in the lab's own /run: only processes inside a lab see it. */
const marker = "/run/pulumi-swarm-lab";

/**
 * The folder of the lab that this process runs in: on disk, and gone with the lab.
 *
 * @throws Error outside a lab. Whatever starts daemons or changes networks asks here first, so that
 *   it never does so on the machine itself.
 */
export function runFolder(): string {
  if (!existsSync(marker)) {
    throw new Error("not inside a lab: run it as `lab/enter COMMAND...`");
  }
  return readFileSync(marker, "utf8").trim();
}

import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

export interface Daemon {
  /**
   * Waits until `answers` gives true. It may throw, which is as good as false.
   *
   * @throws Error with the end of the daemon's log, when the daemon ended or `timeoutSeconds` have
   *   passed.
   */
  waitUntil(answers: () => Promise<boolean>, timeoutSeconds: number): Promise<void>;
  /** Asks it to end, and kills it if it has not after ten seconds. */
  stop(): Promise<void>;
}

/**
 * Starts a program that runs until it is stopped or until the lab ends.
 *
 * It gets a session of its own, so that a Ctrl-C in the terminal does not reach it: whoever is
 * interrupted may still need it to tidy up.
 *
 * @param logFile where its output goes
 */
export function startDaemon(program: string, args: string[], logFile: string): Daemon {
  const log = openSync(logFile, "w");
  const child = spawn(program, args, { detached: true, stdio: ["ignore", log, log] });
  closeSync(log);
  child.unref();

  let end: string | undefined;
  const ended = new Promise<void>((resolve) => {
    child.once("error", (error) => resolve(((end = error.message), undefined)));
    child.once("exit", (code, signal) =>
      resolve(((end = `it ended (${signal ?? code})`), undefined)),
    );
  });

  return {
    async waitUntil(answers, timeoutSeconds) {
      const deadline = Date.now() + timeoutSeconds * 1000;
      while (!(await answers().catch(() => false))) {
        if (end === undefined && Date.now() < deadline) {
          await sleep(100);
          continue;
        }
        const reason = end ?? `no answer within ${timeoutSeconds} s`;
        const lastLines = readFileSync(logFile, "utf8").trimEnd().split("\n").slice(-10).join("\n");
        throw new Error(`${basename(program)} did not start: ${reason}\n${lastLines}`);
      }
    },
    async stop() {
      child.kill();
      const killer = setTimeout(() => child.kill("SIGKILL"), 10_000);
      await ended;
      clearTimeout(killer);
    },
  };
}

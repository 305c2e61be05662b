/**
 * `npm run bench`: the limit of this machine, our `up`, and the course's sequential script, one
 * after another in labs of their own, and what they come to against the bars.
 */
import { spawn } from "node:child_process";
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Our `up` may take this much of the limit, and has to be this much faster than the script. */
const BARS = { limit: 1.5, course: 3 };

const project = join(__dirname, "..", "..");
const log = join(project, ".cache", "bench.log");

async function main(): Promise<void> {
  mkdirSync(join(project, ".cache"), { recursive: true });
  writeFileSync(log, "");
  const limit = await stage("limit");
  const up = await stage("up");
  const course = await stage("course");

  const [ofLimit, faster] = [up / limit, course / up];
  console.log(`limit  ${limit} s: six machines started at once, until the last engine answers`);
  console.log(`up     ${up} s: ${ofLimit.toFixed(2)} times the limit (bar: ${BARS.limit})`);
  console.log(
    `course ${course} s: ours is ${faster.toFixed(1)} times faster (bar: ${BARS.course})`,
  );
  if (ofLimit > BARS.limit || faster < BARS.course) process.exitCode = 1;
}

/** Runs a stage in a lab of its own and returns the seconds that its last line tells. */
async function stage(name: string): Promise<number> {
  console.log(`${name} ...`);
  const script = join(__dirname, `${name}.ts`);
  const child = spawn(join(project, "lab", "enter"), ["tsx", script], {
    stdio: ["inherit", "pipe", "pipe"],
  });
  let printed = "";
  child.stdout.on("data", (chunk: Buffer) => (printed += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => appendFileSync(log, chunk));
  const code = await new Promise((resolve) => child.once("close", resolve));
  appendFileSync(log, printed);
  const seconds = /^total (\d+)$/m.exec(printed)?.[1];
  if (code !== 0 || !seconds) throw new Error(`the stage "${name}" failed; see ${log}`);
  return Number(seconds);
}

main().catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});

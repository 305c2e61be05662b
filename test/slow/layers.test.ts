/** What `npm run layers` stops: each rule on a small tree in which it is broken. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const root = join(__dirname, "../..");
let folder: string;

jest.setTimeout(60_000); // enough for a machine that does other things too

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "layers-"));
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  write("tsconfig.json", "{}");
});
afterAll(() => rmSync(folder, { recursive: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

/** The rules that are broken, and by which file. */
function broken(): string[] {
  const { stdout } = spawnSync(
    join(root, "node_modules/.bin/depcruise"),
    [
      "--config",
      join(root, ".dependency-cruiser.cjs"),
      "--output-type",
      "json",
      "components",
      "stacks",
    ],
    { cwd: folder, encoding: "utf8" },
  );
  const { violations } = (
    JSON.parse(stdout) as { summary: { violations: { from: string; rule: { name: string } }[] } }
  ).summary;
  return [...new Set(violations.map(({ from, rule }) => `${rule.name}: ${from}`))].sort();
}

test("an import upwards, a cycle, and a pure file that reads files", () => {
  write("stacks/outputs.ts", "export interface Outputs { nodes: string[] }\n");
  write("components/swarm/swarm.ts", "export const swarm = 1;\n");
  write("components/kvm/plan.ts", "export const plan = 1;\n");
  write("stacks/kvm.ts", 'export { plan } from "../components/kvm/plan";\n');
  expect(broken()).toEqual([]);

  // Types too.
  write("components/swarm/swarm.ts", 'export type { Outputs } from "../../stacks/outputs";\n');
  write("components/kvm/a.ts", 'import type { B } from "./b";\nexport type A = B;\n');
  write("components/kvm/b.ts", 'import type { A } from "./a";\nexport type B = A;\n');
  write("components/kvm/plan.ts", 'import "node:fs";\nexport const plan = 1;\n');
  expect(broken()).toEqual([
    "cycle: components/kvm/a.ts",
    "impure: components/kvm/plan.ts",
    "upwards-from-layer-3: components/swarm/swarm.ts",
  ]);
});

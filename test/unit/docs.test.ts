/** What the docs tell users to type. */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { configKeys } from "../../stacks/config";

const root = join(__dirname, "../..");
const read = (file: string) => readFileSync(join(root, file), "utf8");

test("the map in the README is that of the tree", () => {
  const [, map] = /## The house\n([^]*?)\nHow to change/.exec(read("README.md"))!;
  const rows = [...map!.matchAll(/^\| (`.*?`) \|/gm)].flatMap(([, cell]) =>
    [...cell!.matchAll(/`([^`]+)`/g)].map(([, path]) => path!),
  );
  expect(rows.filter((path) => !existsSync(join(root, path)))).toEqual([]);

  const files = execFileSync("git", ["ls-files"], { cwd: root, encoding: "utf8" }).split("\n");
  const folders = files.flatMap(
    (file) => /^(components\/[^/]+\/|[^./][^/]*\/)/.exec(file)?.[1] ?? [],
  );
  const all = [...new Set(folders)].filter((folder) => folder !== "components/");
  expect(all.filter((folder) => !rows.includes(folder))).toEqual([]);
});

test("keys that the docs set are keys of the program", () => {
  const docs = readdirSync(join(root, "docs")).filter((name) => name.endsWith(".md"));
  const files = ["README.md", ...docs.map((name) => `docs/${name}`)];
  const set = files.flatMap((file) =>
    [...read(file).matchAll(/\bconfig set (?:--\S+ )*([\w:]+)/g)].map(([, key]) => ({ file, key })),
  );
  expect(set.length).toBeGreaterThan(20);
  const known: string[] = [...configKeys, "aws:region", "KEY"]; // KEY is for any of them
  expect(set.filter(({ key }) => !known.includes(key!))).toEqual([]);
});

test("a key of the API that leaked is shut out by a rotation, not by a new stack", () => {
  const [section] = /## What the key is worth\n[^]*?(?=\n## )/.exec(read("docs/api.md"))!;
  expect(section).toContain("config set certificateRotation 1");
  for (const key of ["certificateRotation", "caRotation", "sshKeyRotation"]) {
    expect(section).toContain(`\`${key}\``);
    expect(configKeys).toContain(key);
  }
  expect(section).not.toMatch(/new stack|destroy/);
});

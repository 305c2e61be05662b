import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { name as project } from "../package.json";
import { readDeclaredKeys } from "../stacks/stackFile";
import { run, verb } from "./command";
import { effectiveConfig } from "./effectiveConfig";

const config = verb(
  "config",
  "Prints what a stack's config comes to, with defaults. What the stack sets itself is marked with *.",
).action(({ stack }: { stack: string }) => {
  const words = ["config", "--json", "--stack", stack];
  const values = JSON.parse(execFileSync("pulumi", words, { encoding: "utf8" }));
  const declared = readDeclaredKeys(join(__dirname, ".."));
  for (const { key, value, from } of effectiveConfig(declared, values, project)) {
    console.log(`${from === "stack" ? "*" : " "} ${key}: ${JSON.stringify(value)}`);
  }
});

void run(config);

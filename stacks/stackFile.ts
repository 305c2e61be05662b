import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

/** One config key as Pulumi.yaml declares it. */
export interface DeclaredKey {
  type: "string" | "integer" | "boolean";
  default: string | number | boolean;
  /** Markdown. */
  description: string;
}

interface ProjectFile {
  name: string;
  config: Record<string, DeclaredKey>;
}

interface StackFile {
  config?: Record<string, unknown>;
  // Written by `pulumi stack init`, unless secrets are Pulumi Cloud's matter.
  encryptionsalt?: string;
  secretsprovider?: string;
}

/** The config keys that a project's Pulumi.yaml declares, in its order. */
export function readDeclaredKeys(projectDir: string): Record<string, DeclaredKey> {
  return readYaml<ProjectFile>(join(projectDir, "Pulumi.yaml")).config;
}

/**
 * The values that a program gets from the Pulumi CLI for a stack: the stack file's, over the
 * defaults in Pulumi.yaml, all as text. For tests and the lab, where no CLI may be there.
 *
 * @returns The project's own keys, without its namespace.
 * @throws Error when a file is not there, or for a value that only the CLI can read (a secret or a
 *   structure).
 */
export function readStackConfig(projectDir: string, stack: string): Record<string, string> {
  const project = readYaml<ProjectFile>(join(projectDir, "Pulumi.yaml"));
  const file = `Pulumi.${stack}.yaml`;
  const values: Record<string, string> = {};

  for (const [key, declared] of Object.entries(project.config)) {
    values[key] = String(declared.default);
  }
  for (const [key, value] of Object.entries(readStackFile(projectDir, file).config ?? {})) {
    const [namespace, name] = key.includes(":") ? key.split(":", 2) : [project.name, key];
    if (namespace !== project.name) continue;
    if (!isScalar(value)) throw new Error(`${file}: ${key} is not text, a number or true or false`);
    values[name!] = String(value);
  }
  return values;
}

/**
 * The stacks that have a file beside the project's, other than this one, by name. Where the CLI
 * notes in the stack's own file how its secrets are encrypted, a file without such a note is that
 * of a stack which was never made, as in a fresh clone, and does not count.
 */
export function stacksInUse(projectDir: string, stack: string): string[] {
  if (!existsSync(join(projectDir, "Pulumi.yaml"))) return [];
  const isNoted = (name: string) => {
    try {
      const { encryptionsalt, secretsprovider } = readStackFile(projectDir, `Pulumi.${name}.yaml`);
      return Boolean(encryptionsalt ?? secretsprovider);
    } catch {
      return false; // no file, or no YAML
    }
  };
  const others = readdirSync(projectDir)
    .flatMap((file) => /^Pulumi\.(.+)\.yaml$/.exec(file)?.[1] ?? [])
    .filter((name) => name !== stack)
    .sort();
  return isNoted(stack) ? others.filter(isNoted) : others;
}

function readStackFile(projectDir: string, file: string): StackFile {
  return readYaml<StackFile | null>(join(projectDir, file)) ?? {};
}

function readYaml<T>(path: string): T {
  return parse(readFileSync(path, "utf8")) as T;
}

function isScalar(value: unknown): value is string | number | boolean {
  return ["string", "number", "boolean"].includes(typeof value);
}

/**
 * The README's table of config keys, made from Pulumi.yaml.
 *
 *   tsx docs/config-table.ts                     prints the table
 *   tsx docs/config-table.ts --write README.md   puts it between the file's two markers
 *   tsx docs/config-table.ts --check README.md   fails when what is there is out of date
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readDeclaredKeys, type DeclaredKey } from "../stacks/stackFile";

const START = "<!-- config:start -->";
const END = "<!-- config:end -->";

/** The table in Markdown, a row for each key. */
export function configTable(keys: Record<string, DeclaredKey>): string {
  const rows = Object.entries(keys).map(([key, { type, default: value, description }]) =>
    row([`\`${key}\``, type, value === "" ? "(empty)" : `\`${value}\``, description]),
  );
  return [row(["Key", "Type", "Default", "Meaning"]), row(Array(4).fill("---")), ...rows].join(
    "\n",
  );
}

function row(cells: string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

/** A document with the table between its markers, whatever was there before. */
export function withTable(document: string, table: string): string {
  const start = document.indexOf(START);
  const end = document.indexOf(END);
  if (start < 0 || end < start) {
    throw new Error(`there is no place for the table: write a line ${START} and below it ${END}`);
  }
  return `${document.slice(0, start + START.length)}\n${table}\n${document.slice(end)}`;
}

function main([mode, file]: string[]): void {
  const table = configTable(readDeclaredKeys(join(__dirname, "..")));
  if (mode === undefined) {
    console.log(table);
  } else if (file !== undefined && mode === "--write") {
    writeFileSync(file, withTable(readFileSync(file, "utf8"), table));
  } else if (file !== undefined && mode === "--check") {
    const document = readFileSync(file, "utf8");
    if (withTable(document, table) === document) return;
    throw new Error(`the config keys in ${file} are out of date; run with --write to renew them`);
  } else {
    throw new Error("usage: config-table.ts [--write FILE | --check FILE]");
  }
}

if (require.main === module) {
  try {
    main(process.argv.slice(2));
  } catch (error) {
    console.error(`config-table: ${(error as Error).message}`);
    process.exitCode = 1;
  }
}

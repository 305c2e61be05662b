import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { configTable, withTable } from "../../../docs/config-table";
import { configKeys, parseConfig } from "../../../stacks/config";
import { readDeclaredKeys, readStackConfig } from "../../../stacks/stackFile";

const root = join(__dirname, "../../..");
const declared = readDeclaredKeys(root);

const MISSION = {
  managers: 3,
  workers: 3,
  memoryMiB: 800,
  diskMB: 5000,
  natNetworkName: "docker-network",
  natNetworkCidr: "192.168.123.0/24",
  internalNetworkName: "docker-machines",
  internalNetworkCidr: "192.168.42.0/24",
};

describe("Pulumi.yaml", () => {
  test("declares the keys that the program reads, and no others", () => {
    expect(Object.keys(declared).sort()).toEqual([...configKeys].sort());
  });

  test("gives every key a type, a default of that type and a description", () => {
    const typeOf = { string: "string", integer: "number", boolean: "boolean" };
    for (const [key, { type, default: value, description }] of Object.entries(declared)) {
      expect([key, typeof value]).toEqual([key, typeOf[type]]);
      expect([key, description]).toEqual([key, expect.stringMatching(/^[A-Z].*\.$/)]);
    }
  });

  test("has defaults that are a good configuration: three managers and three workers", () => {
    const defaults = Object.entries(declared).map(([key, { default: value }]) => [key, `${value}`]);
    expect(parseConfig(Object.fromEntries(defaults))).toMatchObject(MISSION);
  });
});

describe("Pulumi.dev.yaml", () => {
  test("is three managers and three workers on both networks", () => {
    expect(parseConfig(readStackConfig(root, "dev"))).toMatchObject(MISSION);
  });

  test("sets each of these figures itself, as the CLI writes them", () => {
    const { config } = parse(readFileSync(join(root, "Pulumi.dev.yaml"), "utf8"));
    const figures = Object.entries(MISSION).map(([key, value]) => [
      `pulumi-swarm:${key}`,
      `${value}`,
    ]);
    expect(config).toMatchObject(Object.fromEntries(figures));
  });
});

describe("readStackConfig", () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "stack-file-"))));
  afterEach(() => rmSync(folder, { recursive: true }));

  const project = `
    name: example
    config:
      size: { type: integer, default: 3, description: Size. }
      open: { type: boolean, default: false, description: Open. }
      mirror: { type: string, default: "", description: Mirror. }`;

  function read(stackFile: string): Record<string, string> {
    writeFileSync(join(folder, "Pulumi.yaml"), project);
    writeFileSync(join(folder, "Pulumi.test.yaml"), stackFile);
    return readStackConfig(folder, "test");
  }

  test("fills in the defaults, as text", () => {
    expect(read("")).toEqual({ size: "3", open: "false", mirror: "" });
  });

  test("takes the stack's values over the defaults, quoted or not", () => {
    const values = "config: { example:size: 5, example:open: true, example:mirror: 'a:b' }";
    expect(read(values)).toEqual({ size: "5", open: "true", mirror: "a:b" });
  });

  test("keeps keys that the project does not declare, so that they can be refused", () => {
    expect(read("config: { example:sise: 5 }")).toMatchObject({ size: "3", sise: "5" });
  });

  test("takes a key without a namespace for the project's, like the CLI", () => {
    expect(read("config: { size: 7 }")).toMatchObject({ size: "7" });
  });

  test("leaves other namespaces out", () => {
    expect(read("config: { docker:host: x }")).toEqual({ size: "3", open: "false", mirror: "" });
  });

  test("refuses what only the CLI can read", () => {
    expect(() => read("config: { example:mirror: { secure: v1 } }")).toThrow(
      "Pulumi.test.yaml: example:mirror is not text, a number or true or false",
    );
  });

  test("refuses a stack without a file", () => {
    writeFileSync(join(folder, "Pulumi.yaml"), project);
    expect(() => readStackConfig(folder, "other")).toThrow("Pulumi.other.yaml");
  });
});

describe("the table of config keys", () => {
  test("has a row for each key", () => {
    const key = { type: "string", default: "", description: "One of a|b." } as const;
    const other = { type: "integer", default: 3, description: "A number." } as const;
    expect(configTable({ key, other })).toBe(
      [
        "| Key | Type | Default | Meaning |",
        "| --- | --- | --- | --- |",
        "| `key` | string | (empty) | One of a\\|b. |",
        "| `other` | integer | `3` | A number. |",
      ].join("\n"),
    );
  });

  const document = (table: string) =>
    `before\n<!-- config:start -->\n${table}\n<!-- config:end -->\nafter\n`;

  test("replaces the one in a document, and nothing else", () => {
    expect(withTable(document("old"), "new")).toBe(document("new"));
    expect(withTable(document("new"), "new")).toBe(document("new"));
  });

  test("needs a place in the document", () => {
    expect(() => withTable("no markers", "table")).toThrow(
      "there is no place for the table: write a line <!-- config:start -->",
    );
  });
});

import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as libvirt from "@pulumi/libvirt";
import { resolve, run } from "../harness";
import { className, differences, sdkShapes, type Fixture } from "./libvirtShapes";

const PACKAGE = join(__dirname, "../../../sdks/libvirt");
const fixture = readJson<Fixture>(join(__dirname, "../../fixtures/libvirt-schema.json"));
const shapes = sdkShapes(readFileSync(join(PACKAGE, "index.ts"), "utf8"));
const tokens = Object.keys(fixture.resources);

function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(path, "utf8")) as T;
}

describe("the libvirt SDK", () => {
  test("has only classes that the provider has", () => {
    expect(Object.keys(shapes).sort()).toEqual(tokens.map(className).sort());
  });

  test.each(tokens)("has nothing in %s that the provider would not take", (token) => {
    expect(differences(shapes[className(token)]!, fixture.resources[token]!)).toEqual([]);
  });

  test("asks for the plugin and the provider that the schema is of", () => {
    const { version, pulumi } = readJson<{ version: string; pulumi: object }>(
      join(PACKAGE, "package.json"),
    );
    const { baseProvider, parameter } = fixture.parameterization;
    expect(pulumi).toEqual({
      resource: true,
      ...baseProvider,
      parameterization: { name: fixture.name, version: fixture.version, value: parameter },
    });
    expect(version).toBe(fixture.version);
  });

  test.each(tokens)("registers %s with its inputs, and gives its outputs", async (token) => {
    type Class = new (name: string, args: object) => Record<string, unknown>;
    const Resource = (libvirt as unknown as Record<string, Class>)[className(token)]!;
    const inputs = Object.keys(shapes[className(token)]!.inputs).map((key) => key.replace("?", ""));
    const outputs = Object.keys(shapes[className(token)]!.outputs);
    const valueOf = (keys: string[], what: string) =>
      Object.fromEntries(keys.map((key) => [key, `${what} ${key}`]));

    let made: Record<string, unknown> = {};
    const { resources } = await run(
      async () => {
        made = new Resource("name", valueOf(inputs, "input"));
      },
      { outputs: () => valueOf(outputs, "output") },
    );
    expect(resources).toEqual([
      expect.objectContaining({ type: token, inputs: valueOf(inputs, "input") }),
    ]);
    for (const output of outputs) {
      expect(await resolve(made[output])).toEqual({ value: `output ${output}`, secret: false });
    }
  });
});

describe("the comparison with the schema", () => {
  const schema = {
    inputs: {
      name: "string",
      "size?": "number",
      "ips?": [{ address: "string", "prefix?": "number" }],
      "mtu?": { size: "number" },
      "dns?": "object",
    },
    outputs: { "name?": "string", "uuid?": "string" },
  } satisfies Fixture["resources"][string];

  /** What is found in an SDK whose only class takes `args` and declares `outputs`. */
  function found(args: string, outputs = ""): string[] {
    const { Thing } = sdkShapes(`
      type Name = Input<"a" | "b">;
      interface ThingArgs { ${args} }
      class Thing { ${outputs} constructor(name: string, args: ThingArgs) {} }`);
    return differences(Thing!, schema);
  }

  test.each([
    ["all that is required", "name: string;"],
    ["inputs that may be outputs", "name: Input<string>; size?: Input<number>;"],
    ["named types", "name: Name;"],
    ["lists", "name: Name; ips?: Input<Input<{ address: Input<string>; prefix?: number }>[]>;"],
    ["what is stricter than the schema", "name: Name; mtu: { size: Input<number> };"],
  ])("accepts %s", (_, args) => {
    expect(found(args, "declare readonly uuid: pulumi.Output<string>;")).toEqual([]);
  });

  test.each([
    ["an unknown name", "name: Name; colour?: string;", "colour: not in the schema"],
    ["a wrong type", "name: Name; size?: Input<string>;", "size: string in the SDK, number in"],
    ["a missing property", "size?: number;", "name: required, not in the SDK"],
    ["a property that may be left out", "name?: Name;", "name: not optional in the schema"],
    ["an object for a list", "name: Name; ips?: { address: string };", "ips: object in the SDK"],
    ["a list for an object", "name: Name; mtu?: { size: number }[];", "mtu: array in the SDK"],
    [
      "an unknown name in a list",
      "name: Name; ips?: { address: Name; x: Name }[];",
      "ips[].x: not",
    ],
    ["a missing one in a list", "name: Name; ips?: {}[];", "ips[].address: required, not in"],
    ["a wrong type in an object", "name: Name; mtu?: { size: Name };", "mtu.size: string in"],
    ["what the fixture lacks", "name: Name; dns?: { enable: Name };", "dns: not kept in the"],
  ])("finds %s", (_, args, difference) => {
    expect(found(args)).toEqual([expect.stringContaining(difference)]);
  });

  test("finds an output that there is not, or of another type", () => {
    const outputs = (type: string) => `declare readonly ${type};`;
    expect(found("name: Name;", outputs("path: pulumi.Output<string>"))).toEqual([
      "output path: not in the schema",
    ]);
    expect(found("name: Name;", outputs("uuid: pulumi.Output<number>"))).toEqual([
      "output uuid: number in the SDK, string in the schema",
    ]);
  });

  test("does not pass over a type that it does not know", () => {
    expect(() => found("name: Elsewhere;")).toThrow("does not understand the type Elsewhere");
  });
});

/**
 * Brings sdks/libvirt and the provider's schema into one form, the shape, and compares them. The
 * schema's side is kept in test/fixtures/libvirt-schema.json. As a program, this makes it anew:
 *
 *     npx pulumi package get-schema terraform-provider dmacvicar/libvirt 0.9.7 |
 *       npx tsx test/unit/kvm/libvirtShapes.ts > test/fixtures/libvirt-schema.json
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";

/**
 * What a value looks like: a kind, a list of one shape, or an object's properties. `object` and
 * `array` stand in the fixture for what the SDK does not use: the schema is not kept there.
 */
export type Shape = Kind | [Shape] | Properties;
type Kind = "string" | "number" | "boolean" | "object" | "array";
/** A `?` after a name means that the property may be left out. */
type Properties = { [property: string]: Shape };

/** What a resource takes and gives. */
export interface ResourceShapes {
  inputs: Properties;
  /** Whether they are always there is not compared: in the fixture, every one has its `?`. */
  outputs: Properties;
}

/** The part of the provider's schema that is kept. */
export interface Fixture {
  name: string;
  version: string;
  parameterization: { baseProvider: { name: string; version: string }; parameter: string };
  /** By type token. */
  resources: Record<string, ResourceShapes>;
}

/** Everything in the SDK's resource that does not fit the schema's, one line each. */
export function differences(sdk: ResourceShapes, schema: ResourceShapes): string[] {
  return [
    ...propertyDifferences(sdk.inputs, schema.inputs, ""),
    ...propertyDifferences(sdk.outputs, schema.outputs, "output "),
  ];
}

function propertyDifferences(sdk: Properties, schema: Properties, path: string): string[] {
  const ofSdk = Object.entries(sdk).flatMap(([property, shape]) => {
    const name = property.replace("?", "");
    const expected = schema[name] ?? schema[`${name}?`];
    if (!expected) return [`${path}${name}: not in the schema`];
    return [
      ...(name in schema && !(name in sdk) ? [`${path}${name}: not optional in the schema`] : []),
      ...shapeDifferences(shape, expected, `${path}${name}`),
    ];
  });
  const missing = Object.keys(schema).filter(
    (name) => !name.endsWith("?") && !(name in sdk) && !(`${name}?` in sdk),
  );
  return [...ofSdk, ...missing.map((name) => `${path}${name}: required, not in the SDK`)];
}

function shapeDifferences(sdk: Shape, schema: Shape, path: string): string[] {
  if (kindOf(sdk) !== kindOf(schema)) {
    return [`${path}: ${kindOf(sdk)} in the SDK, ${kindOf(schema)} in the schema`];
  }
  if (typeof sdk === "string") return [];
  if (typeof schema === "string") return [`${path}: not kept in the fixture; make that anew`];
  return Array.isArray(sdk)
    ? shapeDifferences(sdk[0], (schema as [Shape])[0], `${path}[]`)
    : propertyDifferences(sdk, schema as Properties, `${path}.`);
}

function kindOf(shape: Shape): Kind {
  if (typeof shape === "string") return shape;
  return Array.isArray(shape) ? "array" : "object";
}

/** The classes of an SDK's source that are made from arguments, by name. */
export function sdkShapes(source: string): Record<string, ResourceShapes> {
  const file = ts.createSourceFile("index.ts", source, ts.ScriptTarget.Latest);
  const declared = new Map<string, ts.Node>();
  for (const statement of file.statements) {
    if (ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement)) {
      declared.set(statement.name.text, statement);
    }
  }

  function shapeOf(type: ts.Node): Shape {
    switch (type.kind) {
      case ts.SyntaxKind.StringKeyword:
        return "string";
      case ts.SyntaxKind.NumberKeyword:
        return "number";
      case ts.SyntaxKind.BooleanKeyword:
        return "boolean";
    }
    if (ts.isArrayTypeNode(type)) return [shapeOf(type.elementType)];
    if (ts.isLiteralTypeNode(type) && ts.isStringLiteral(type.literal)) return "string";
    if (ts.isUnionTypeNode(type)) {
      const [first, ...rest] = type.types.map(shapeOf);
      if (first && rest.every((shape) => shape === first)) return first;
    }
    if (ts.isTypeLiteralNode(type) || ts.isInterfaceDeclaration(type)) return members(type.members);
    if (ts.isTypeAliasDeclaration(type)) return shapeOf(type.type);
    if (ts.isTypeReferenceNode(type)) {
      const name = type.typeName.getText(file);
      const [inner] = type.typeArguments ?? [];
      if (inner && ["Input", "pulumi.Output"].includes(name)) return shapeOf(inner);
      const declaration = declared.get(name);
      if (declaration) return shapeOf(declaration);
    }
    throw new Error(`this test does not understand the type ${type.getText(file)}`);
  }

  function members(nodes: ts.NodeArray<ts.Node>): Properties {
    const properties = nodes.filter((node) => ts.isPropertySignature(node));
    return Object.fromEntries(
      properties.map((node) => [
        `${node.name.getText(file)}${node.questionToken ? "?" : ""}`,
        shapeOf(node.type!),
      ]),
    );
  }

  function classShapes(node: ts.ClassDeclaration): [string, ResourceShapes][] {
    const constructor = node.members.find((member) => ts.isConstructorDeclaration(member));
    const args = constructor?.parameters.find(({ name }) => name.getText(file) === "args");
    if (!args?.type) return [];
    const outputs = node.members
      .filter((member) => ts.isPropertyDeclaration(member))
      .map((member) => [member.name.getText(file), shapeOf(member.type!)]);
    const inputs = shapeOf(args.type) as Properties;
    return [[node.name!.text, { inputs, outputs: Object.fromEntries(outputs) as Properties }]];
  }

  const classes = file.statements.filter((statement) => ts.isClassDeclaration(statement));
  return Object.fromEntries(classes.flatMap(classShapes));
}

/** What this file reads of Pulumi's package schema. */
interface PackageSchema extends Omit<Fixture, "resources"> {
  provider: SchemaObject;
  resources: Record<string, SchemaObject>;
  types: Record<string, SchemaObject>;
}
interface SchemaObject {
  properties?: Record<string, SchemaType>;
  required?: string[];
  inputProperties?: Record<string, SchemaType>;
  requiredInputs?: string[];
}
type SchemaType =
  | { type: "string" | "number" | "boolean" | "object" }
  | { type: "array"; items: SchemaType }
  | { type?: undefined; $ref: string };

/** Keeps of a schema what is on the SDK's paths: all names there, and no texts. */
export function keepUsed(schema: PackageSchema, sdk: Record<string, ResourceShapes>): Fixture {
  function keep(type: SchemaType, used: Shape | undefined): Shape {
    if (type.type === "array") {
      return Array.isArray(used) ? [keep(type.items, used[0])] : "array";
    }
    if (type.type !== undefined) return type.type;
    if (used === undefined || typeof used === "string" || Array.isArray(used)) return "object";
    const { properties, required } = schema.types[type.$ref.replace("#/types/", "")]!;
    return keepProperties(properties, required, used);
  }

  function keepProperties(
    properties: Record<string, SchemaType> = {},
    required: string[] = [],
    used: Properties,
  ): Properties {
    return Object.fromEntries(
      Object.entries(properties).map(([name, type]) => [
        required.includes(name) ? name : `${name}?`,
        keep(type, used[name] ?? used[`${name}?`]),
      ]),
    );
  }

  const { name, version, parameterization } = schema;
  const all = { ...schema.resources, [`pulumi:providers:${name}`]: schema.provider };
  const kept = Object.entries(all).flatMap(([token, resource]) => {
    const used = sdk[className(token)];
    if (!used) return [];
    const inputs = keepProperties(resource.inputProperties, resource.requiredInputs, used.inputs);
    const outputs = keepProperties(resource.properties, [], {});
    return [[token, { inputs, outputs }]];
  });
  return { name, version, parameterization, resources: Object.fromEntries(kept) as never };
}

/** The SDK's class for a type token of its package. */
export function className(token: string): string {
  return token.startsWith("pulumi:providers:") ? "Provider" : token.split(":").at(-1)!;
}

if (require.main === module) {
  const source = readFileSync(join(__dirname, "../../../sdks/libvirt/index.ts"), "utf8");
  const schema = JSON.parse(readFileSync(0, "utf8")) as PackageSchema;
  console.log(JSON.stringify(keepUsed(schema, sdkShapes(source)), null, 2));
}

/**
 * From provider inputs to libvirt XML. The provider's property tree follows libvirt's XML, but not
 * by one rule (some properties are attributes, some elements, some only presence), so each property
 * that the project uses has its place in a table, and any other property is refused: the program
 * cannot start to use one that the rehearsal would silently leave out.
 */
import { create } from "xmlbuilder2";

/**
 * Input property -> where it goes. In both, `[]` walks a list, item by item. A place ends in:
 * `@name` (attribute), `#` (the element's text), `?` (an empty element, present when true) or
 * `@name=constant` (implied by the property being there at all).
 */
export type Places = Readonly<Record<string, string | readonly string[]>>;

/** One value at the bottom of the input tree. */
interface Leaf {
  /** With list indices as `[]`, for example `devices.disks[].target.dev`. */
  readonly path: string;
  readonly indices: readonly number[];
  readonly value: unknown;
}

interface Element {
  [key: string]: string | Element | Element[];
}

/** The XML document with the given root element. Throws when a property has no place. */
export function toXml(root: string, inputs: Record<string, unknown>, places: Places): string {
  const element: Element = {};
  for (const leaf of leaves(inputs, "", [])) {
    const place = places[leaf.path];
    if (place === undefined) {
      throw new Error(
        `the rehearsal engine does not know the ${root} property ${leaf.path}: give it a place in lab/rehearsal/places.ts`,
      );
    }
    for (const one of [place].flat()) {
      put(element, one, leaf);
    }
  }
  return create({ [root]: element }).end({ prettyPrint: true, headless: true });
}

function leaves(value: unknown, path: string, indices: readonly number[]): Leaf[] {
  if (value === undefined || value === null) {
    return [];
  }
  if (Array.isArray(value)) {
    return value.flatMap((item, index) => leaves(item, `${path}[]`, [...indices, index]));
  }
  if (typeof value === "object" && Object.keys(value).length > 0) {
    return Object.entries(value).flatMap(([key, child]) =>
      leaves(child, path === "" ? key : `${path}.${key}`, indices),
    );
  }
  return [{ path, indices, value }];
}

function put(root: Element, place: string, leaf: Leaf): void {
  const steps = place.split("/");
  const target = steps.pop() ?? "";
  const indices = [...leaf.indices];
  let element = root;
  if (target === "?" && leaf.value !== true) {
    return;
  }
  for (const step of steps) {
    element = step.endsWith("[]")
      ? item(element, step.slice(0, -2), indices.shift() ?? 0)
      : child(element, step);
  }
  if (target !== "?") {
    const [key = "", constant] = target.split("=");
    element[key] = constant ?? String(leaf.value);
  }
}

function child(parent: Element, name: string): Element {
  return (parent[name] ??= {}) as Element;
}

function item(parent: Element, name: string, index: number): Element {
  const list = (parent[name] ??= []) as Element[];
  return (list[index] ??= {});
}

import { networkForm, prefixLength } from "../../components/machine/addresses";
import { text } from "../../components/machine/fields";

/** 16 million addresses; more is nobody's own network. */
const ADMIN_SHORTEST = 8;
const ADMIN_EXAMPLE = "203.0.113.7/32";

/** Values with commas between them. Empty text is an empty list. */
export function items(list: string): string[] {
  return list === "" ? [] : list.split(",").map((item) => item.trim());
}

export function twiceProblem(list: string[]): string | undefined {
  const twice = list.find((item, i) => list.indexOf(item) !== i);
  return twice && `has ${twice} in it twice; write it once`;
}

function cidrsProblem(list: string[], example: string): string | undefined {
  for (const cidr of list) {
    const usual = networkForm(cidr);
    if (!usual) {
      return (
        `has "${cidr}" in it, which is not an IPv4 network; write networks with commas between ` +
        `them, such as ${example}`
      );
    }
    if (usual !== cidr)
      return `has ${cidr} in it, which is not how that is written; write ${usual}`;
  }
  return twiceProblem(list);
}

/** IPv4 networks with commas between them. */
export function networkList(example: string) {
  return text((list) => cidrsProblem(items(list), example)).transform(items);
}

/**
 * The networks that administrators come from.
 *
 * @param risk what would be open to everybody, as it follows "from where anyone could"
 */
export function adminNetworkList(risk: string) {
  return text((text) => {
    const list = items(text);
    const problem = cidrsProblem(list, ADMIN_EXAMPLE);
    if (problem) return problem;
    const wide = list.find((cidr) => prefixLength(cidr) < ADMIN_SHORTEST);
    return wide === undefined
      ? undefined
      : `has ${wide} in it, from where anyone could ${risk}; write the addresses that you come ` +
          `from, such as ${ADMIN_EXAMPLE}`;
  }).transform(items);
}

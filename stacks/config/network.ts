import {
  isAddress,
  isPrivate,
  networkForm,
  poolSize,
  prefixLength,
  PRIVATE_RANGES,
} from "../../components/machine/addresses";
import { adminNetworkList } from "./cidrs";
import { flag, integer, text } from "../../components/machine/fields";

export interface PrefixBounds {
  /** Shortest prefix, that is, largest network. */
  shortest: number;
  /** Longest prefix, that is, smallest network. */
  longest: number;
  /** Something good to write instead. */
  example: string;
}

/** A private IPv4 network, written as `address/prefix`. */
export function privateNetwork({ shortest, longest, example }: PrefixBounds) {
  return text((cidr) => {
    const usual = networkForm(cidr);
    if (!usual) return `is not an IPv4 network; write one such as ${example}`;
    if (usual !== cidr) return `is not how that network is written; write ${usual}`;
    const prefix = prefixLength(cidr);
    if (prefix < shortest || prefix > longest) {
      const size = prefix < shortest ? "large" : "small";
      return `is too ${size}; write a prefix from /${shortest} to /${longest}, such as ${example}`;
    }
    if (!isPrivate(cidr)) {
      return `is not private; write a network inside ${PRIVATE_RANGES.join(", ")}`;
    }
    return undefined;
  });
}

/** Addresses in a row, written as `first-last`. */
function addressPool(example: string) {
  const split = (pool: string) => {
    const [first = "", last = "", ...rest] = pool.split("-");
    return { first, last, rest };
  };
  return text((pool) => {
    const { first, last, rest } = split(pool);
    if (!isAddress(first) || !isAddress(last) || rest.length > 0) {
      return `is not two IPv4 addresses with a dash between them; write one such as ${example}`;
    }
    if (poolSize({ first, last }) < 1) return `ends before it starts; write ${last}-${first}`;
    return undefined;
  }).transform((pool) => {
    const { first, last } = split(pool);
    return { first, last };
  });
}

function networkNameProblem(name: string): string | undefined {
  return /^[a-z0-9][a-z0-9_.-]{0,49}$/i.test(name)
    ? undefined
    : "is not a name that libvirt takes for a network; write 1 to 50 letters, digits, dots, " +
        "dashes and underscores that start with a letter or digit";
}

/**
 * The kernel's own rule, without the characters that scripts trip over. No name at all is for
 * networks that exist already: rules.ts sees to that.
 */
function bridgeNameProblem(name: string): string | undefined {
  return name === "" || /^[a-z0-9][a-z0-9_.-]{0,14}$/i.test(name)
    ? undefined
    : "is not a name that Linux takes for a bridge; write 1 to 15 letters, digits, dots, " +
        "dashes and underscores that start with a letter or digit";
}

function nameserversProblem(list: string): string | undefined {
  const wrong = nameservers(list).find((address) => !isAddress(address));
  return wrong === undefined
    ? undefined
    : `has "${wrong}" in it, which is not an IPv4 address; write addresses with commas between ` +
        "them, such as 9.9.9.9,1.1.1.1, or nothing";
}

function nameservers(list: string): string[] {
  return list === "" ? [] : list.split(",").map((address) => address.trim());
}

/** VXLAN takes 50 bytes of every packet, and encryption some more. */
const LITTLE_FOR_OVERLAYS = "which leaves too little inside overlay networks";

/** The two networks that every node is in. */
export const networkKeys = {
  natNetworkName: text(networkNameProblem),
  natNetworkCidr: privateNetwork({ shortest: 8, longest: 28, example: "192.168.123.0/24" }),
  natNetworkBridge: text(bridgeNameProblem),
  /** Bytes */
  natNetworkMtu: integer({
    min: 576,
    max: 9216,
    tooSmall: "the least that IPv4 hosts can rely on",
  }),
  natNetworkExists: flag(),
  natNetworkAddresses: addressPool("192.168.123.10-192.168.123.250"),
  adminCidrs: adminNetworkList("open the management pages"),

  internalNetworkName: text(networkNameProblem),
  internalNetworkCidr: privateNetwork({ shortest: 8, longest: 28, example: "192.168.42.0/24" }),
  internalNetworkBridge: text(bridgeNameProblem),
  /** Bytes */
  internalNetworkMtu: integer({ min: 1280, max: 9216, tooSmall: LITTLE_FOR_OVERLAYS }),
  internalNetworkExists: flag(),
  internalNetworkAddresses: addressPool("192.168.42.10-192.168.42.250"),

  nameservers: text(nameserversProblem).transform(nameservers),
};

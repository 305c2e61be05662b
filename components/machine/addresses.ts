import { Address4 } from "ip-address";

/** IPv4 addresses in a row, the first and the last one included. */
export interface AddressPool {
  first: string;
  last: string;
}

/** The ranges that nobody on the Internet has (RFC 1918). */
export const PRIVATE_RANGES = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"];

/** A single IPv4 address in its usual form: four decimal numbers, no prefix. */
export function isAddress(text: string): boolean {
  return Address4.isValid(text) && !text.includes("/");
}

/**
 * The subnet that `text` (`address/prefix`) belongs to, in its usual form: no host bits, no
 * leading zeros. Undefined where the text is no IPv4 address with a prefix.
 */
export function networkForm(text: string): string | undefined {
  return Address4.isValid(text) && text.includes("/")
    ? new Address4(text).networkForm()
    : undefined;
}

/** The number of leading bits that a subnet's addresses share, for example 24. */
export function prefixLength(cidr: string): number {
  return new Address4(cidr).subnetMask;
}

/** The subnet's mask in dotted form, for example `255.255.255.0`. */
export function netmask(cidr: string): string {
  return new Address4(cidr).subnetMaskAddress().correctForm();
}

/** The first address that a host can have in a subnet: here always the hypervisor's. */
export function hostAddress(cidr: string): string {
  return new Address4(cidr).startAddressExclusive().correctForm();
}

/** Everything in a subnet that a host can have: all but its network and its broadcast address. */
export function hostAddresses(cidr: string): AddressPool {
  const subnet = new Address4(cidr);
  return {
    first: subnet.startAddressExclusive().correctForm(),
    last: subnet.endAddressExclusive().correctForm(),
  };
}

/** Everything in a subnet that a node can have: all but its network, host and broadcast address. */
export function nodeAddresses(cidr: string): AddressPool {
  const { first, last } = hostAddresses(cidr);
  return { first: addressAt({ first }, 1), last };
}

/** The subnet of the same size that follows a subnet. Undefined after the last one of all. */
export function nextNetwork(cidr: string): string | undefined {
  const subnet = new Address4(cidr);
  const after = subnet.endAddress().bigInt() + 1n;
  if (after > 0xffff_ffffn) return undefined;
  return `${Address4.fromBigInt(after).correctForm()}/${subnet.subnetMask}`;
}

/** The parts of a subnet that have a longer prefix, in order of their addresses. */
export function subnets(cidr: string, prefix: number): string[] {
  const first = new Address4(cidr).startAddress().correctForm();
  const size = 2 ** (32 - prefix);
  return Array.from(
    { length: 2 ** (prefix - prefixLength(cidr)) },
    (_, i) => `${addressAt({ first }, i * size)}/${prefix}`,
  );
}

/** Whether two subnets have an address in common. */
export function overlap(cidr: string, other: string): boolean {
  return isInside(cidr, other) || isInside(other, cidr);
}

/** Whether an address, or a whole subnet, lies inside a subnet. */
export function isInside(addressOrCidr: string, cidr: string): boolean {
  return new Address4(addressOrCidr).isInSubnet(new Address4(cidr));
}

/** Whether an address, or a whole subnet, is one that nobody on the Internet has. */
export function isPrivate(addressOrCidr: string): boolean {
  return PRIVATE_RANGES.some((range) => isInside(addressOrCidr, range));
}

/** Whether a pool covers an address. */
export function poolHas({ first, last }: AddressPool, address: string): boolean {
  const value = new Address4(address).bigInt();
  return new Address4(first).bigInt() <= value && value <= new Address4(last).bigInt();
}

/** Whether two pools have an address in common. */
export function poolsOverlap(pool: AddressPool, other: AddressPool): boolean {
  return poolHas(pool, other.first) || poolHas(other, pool.first);
}

/** How many addresses a pool has: none or fewer where its last one comes before its first. */
export function poolSize({ first, last }: AddressPool): number {
  return Number(new Address4(last).bigInt() - new Address4(first).bigInt()) + 1;
}

/** The pool's address at a position, counted from 0. */
export function addressAt({ first }: Pick<AddressPool, "first">, position: number): string {
  return new Address4(first).offset(position).correctForm();
}

/**
 * The MAC address of the network card that has this IPv4 address: `52:54:` (locally administered,
 * unicast) and the four bytes of the address. IPv4 addresses on a host are unique, so these are
 * too, across stacks.
 */
export function macAddress(address: string): string {
  return `52:54:${new Address4(address).toHex()}`;
}

/** An IPv4 address as a number without sign. The text has been checked. */
export function toNumber(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

export interface Network {
  readonly first: number;
  readonly last: number;
}

/** First (network) and last (broadcast) address of the network that an address is in. */
export function networkOf(address: string, prefix: number): Network {
  const size = 2 ** (32 - prefix);
  const first = Math.floor(toNumber(address) / size) * size;
  return { first, last: first + size - 1 };
}

export function contains({ first, last }: Network, address: string): boolean {
  const number = toNumber(address);
  return number >= first && number <= last;
}

/** The two octets of a /16 (`10.91` of `10.91.0.0/16`). */
export function firstOctets(range: string): string {
  return range.split('.').slice(0, 2).join('.');
}

export function lastOctets(address: string): string {
  return address.split('.').slice(2).join('.');
}

import { isIP, isIPv6 } from 'node:net';

/** IPv4 or IPv6, without zone. */
export function isAddress(text: string): boolean {
  return isIP(text) !== 0 && !text.includes('%');
}

/** One way to write an IPv6 address of the many that there are. The text has been checked. */
export function canonicalIpv6(address: string): string {
  return new URL(`http://[${address}]`).hostname.slice(1, -1);
}

/** IPv6 without zone that a host may have: neither unspecified, nor loopback, nor a group. */
export function isHostIpv6(text: string): boolean {
  if (!isIPv6(text) || text.includes('%')) return false;
  const address = canonicalIpv6(text);
  return address !== '::' && address !== '::1' && !/^ff[0-9a-f]{2}:/.test(address);
}

/** A word such as dhcp, or an address of a host with its prefix. The form has been checked. */
export function isInterfaceIpv6(text: string): boolean {
  return !text.includes(':') || isHostIpv6(text.split('/')[0] ?? '');
}

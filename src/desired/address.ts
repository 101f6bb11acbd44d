import type { Written } from '../model/definition.ts';
import type { Address } from '../model/desired.ts';
import type { Problem } from '../model/errors.ts';
import type { NetworkDefaults } from '../model/settings.ts';

/** Adds a problem with the place of what was written. */
export type Complain = (written: Written<unknown>, message: string, fix?: string) => void;

export function placeOf(written: Written<unknown>): Pick<Problem, 'file' | 'line' | 'key'> {
  return { file: written.file, line: written.line, key: written.key };
}

interface Ipv4 {
  readonly octets: readonly number[];
  readonly prefix: number;
}

function toNumber(octets: readonly number[]): number {
  return octets.reduce((sum, octet) => sum * 256 + octet, 0);
}

/** Whether two addresses are in one network of this prefix length. */
export function sameNetwork(a: string, b: string, prefix: number): boolean {
  const size = 2 ** (32 - prefix);
  const network = (text: string): number => Math.floor(toNumber(text.split('.').map(Number)) / size);
  return network(a) === network(b);
}

function parse(text: string, defaultPrefix: number): Ipv4 {
  const [address = '', prefix] = text.split('/');
  return { octets: address.split('.').map(Number), prefix: prefix === undefined ? defaultPrefix : Number(prefix) };
}

/**
 * The address of the first interface. A bare one takes prefix and gateway from the site; a local node moves it into its
 * own range by its last two octets, so that definitions of one site cannot meet there.
 */
export function resolveAddress(
  ip: Written<string> | undefined,
  gateway: Written<string> | undefined,
  network: NetworkDefaults,
  complain: Complain,
): Address {
  if (ip === undefined || ip.value === 'dhcp') return { kind: 'dhcp' };
  const { octets, prefix } = parse(ip.value, network.prefix);
  const address = octets.join('.');
  const hosts = 2 ** (32 - prefix);
  const position = toNumber(octets) % hosts;
  if (prefix < 31 && (position === 0 || position === hosts - 1)) {
    complain(
      ip,
      `${address}/${prefix} is the ${position === 0 ? 'network' : 'broadcast'} address`,
      'choose one between',
    );
  }
  if (network.translate !== undefined) return translate(ip, octets, network.translate, complain);
  const via = gateway?.value ?? network.gateway;
  if (via === undefined) return { kind: 'static', address, prefix };
  if (gateway !== undefined && !sameNetwork(address, via, prefix)) {
    complain(gateway, `${via} is not in the network of ${address}/${prefix}`);
  }
  if (via === address) complain(gateway ?? ip, 'is the gateway’s own address');
  return { kind: 'static', address, prefix, gateway: via };
}

function translate(ip: Written<string>, octets: readonly number[], range: string, complain: Complain): Address {
  const [a = 10, b = 0] = range.split('.').map(Number);
  const [, , c = 0, d = 0] = octets;
  const address = `${a}.${b}.${c}.${d}`;
  const reserved: Readonly<Record<string, string>> = { '0.0': 'network', '0.1': 'gateway', '255.255': 'broadcast' };
  const taken = reserved[`${c}.${d}`];
  if (taken !== undefined) {
    complain(ip, `on the local node it becomes ${address}, its ${taken} address`, 'choose other last two numbers');
  }
  return { kind: 'static', address, prefix: 16, gateway: `${a}.${b}.0.1`, written: octets.join('.') };
}

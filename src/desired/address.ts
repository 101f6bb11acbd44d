import type { Written } from '../model/definition.ts';
import type { Address } from '../model/desired.ts';
import type { Problem } from '../model/errors.ts';
import type { NetworkDefaults } from '../model/settings.ts';
import { contains, firstOctets, lastOctets, networkOf, toNumber } from './ipv4.ts';
import { problemAt } from './problems.ts';

export interface AddressParts {
  /** An IPv4 address with or without prefix, dhcp, manual or none; absent: dhcp */
  readonly ip?: Written<string>;
  /** An IPv4 address, or none: without one on purpose */
  readonly gateway?: Written<string>;
  /**
   * What the site's gateway is for an interface without one: taken and held against the address, taken where it is in
   * the address's network, or not taken because another interface has the gateway.
   */
  readonly siteGateway: 'required' | 'fitting' | 'elsewhere';
}

/**
 * The IPv4 address of an interface. A bare one takes prefix and gateway from the settings; with a range to translate
 * into it is moved there by its last two octets, and what was written stays beside it.
 */
export function addressOf(parts: AddressParts, network: NetworkDefaults, problems: Problem[]): Address {
  const { ip } = parts;
  const without = parts.gateway?.value === 'none';
  const gateway = without ? undefined : parts.gateway;
  const siteGateway = without ? 'elsewhere' : parts.siteGateway;
  const kind = ip?.value ?? 'dhcp';
  if (ip === undefined || kind === 'dhcp' || kind === 'manual' || kind === 'none') {
    if (gateway !== undefined)
      problems.push(problemAt(gateway, `has no use with ${kind}`, 'write an IP, or remove the line'));
    return { kind: kind as 'dhcp' | 'manual' | 'none' };
  }
  const [address = '', length] = ip.value.split('/');
  const prefix = length === undefined ? network.prefix : Number(length);
  checkHost(ip, address, prefix, problems);
  if (network.translate !== undefined) {
    if (gateway !== undefined) checkGateway(gateway, gateway, address, prefix, problems);
    const routes = gateway !== undefined || siteGateway !== 'elsewhere';
    return translated(ip, address, network.translate, routes, problems);
  }
  const site = siteGateway === 'elsewhere' ? undefined : network.gateway;
  const fits = siteGateway === 'required' || (site !== undefined && isInside(address, prefix, site));
  const way = gateway?.value ?? (fits ? site : undefined);
  if (way === undefined) return { kind: 'static', address, prefix };
  checkGateway(gateway ?? { ...ip, value: way }, gateway, address, prefix, problems);
  return { kind: 'static', address, prefix, gateway: way };
}

function isInside(address: string, prefix: number, other: string): boolean {
  return contains(networkOf(address, prefix), other) && other !== address;
}

function checkHost(ip: Written<string>, address: string, prefix: number, problems: Problem[]): void {
  const first = Number(address.split('.')[0]);
  if (first === 0 || first === 127 || first >= 224) {
    problems.push(problemAt(ip, `${address} is no address of a host`));
    return;
  }
  // Networks of one or two addresses have neither.
  if (prefix >= 31) return;
  const network = networkOf(address, prefix);
  const number = toNumber(address);
  const fix = 'choose one between';
  if (number === network.first) problems.push(problemAt(ip, `${address}/${prefix} is the network address`, fix));
  if (number === network.last) problems.push(problemAt(ip, `${address}/${prefix} is the broadcast address`, fix));
}

/** `written`: undefined when the gateway is that of the settings; then the address is what can be mended here. */
function checkGateway(
  gateway: Written<string>,
  written: Written<string> | undefined,
  address: string,
  prefix: number,
  problems: Problem[],
): void {
  const via = written === undefined ? `the gateway of the settings ${gateway.value}` : gateway.value;
  if (gateway.value === address) {
    problems.push(problemAt(gateway, `${via} is the container's own address`));
    // A hosted machine's single address has its gateway elsewhere, by a route of its own.
  } else if ((prefix < 32 || written === undefined) && !contains(networkOf(address, prefix), gateway.value)) {
    const fix =
      written === undefined ? 'write GATEWAY, or the prefix of the IP' : 'correct it, or the prefix of the IP';
    problems.push(problemAt(gateway, `${via} is not in the network of ${address}/${prefix}`, fix));
  }
}

function translated(
  ip: Written<string>,
  address: string,
  range: string,
  routes: boolean,
  problems: Problem[],
): Address {
  const moved = `${firstOctets(range)}.${lastOctets(address)}`;
  const taken: Readonly<Record<string, string>> = { '0.0': 'network', '0.1': 'gateway', '255.255': 'broadcast' };
  const use = taken[lastOctets(address)];
  if (use !== undefined) {
    const message = `on the local node it becomes ${moved}, its ${use} address`;
    problems.push(problemAt(ip, message, 'choose other last two numbers'));
  }
  const gateway = routes ? { gateway: `${firstOctets(range)}.0.1` } : {};
  return { kind: 'static', address: moved, prefix: 16, ...gateway, written: address };
}

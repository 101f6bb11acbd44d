import type { Definition, Written } from '../model/definition.ts';
import type { Address } from '../model/desired.ts';
import type { Problem } from '../model/errors.ts';
import type { NetworkDefaults } from '../model/settings.ts';
import { contains, firstOctets, lastOctets, networkOf, toNumber } from './ipv4.ts';
import { problemAt } from './problems.ts';

/**
 * The address of the first interface. A bare one takes prefix and gateway from the settings; with a range to translate into
 * it is moved there by its last two octets, and what was written stays beside it.
 */
export function addressOf(definition: Definition, network: NetworkDefaults, problems: Problem[]): Address {
  const { ip, gateway } = definition;
  if (ip === undefined || ip.value === 'dhcp') {
    if (gateway !== undefined)
      problems.push(problemAt(gateway, 'has no use with dhcp', 'write an IP, or remove the line'));
    return { kind: 'dhcp' };
  }
  const [address = '', length] = ip.value.split('/');
  const prefix = length === undefined ? network.prefix : Number(length);
  checkHost(ip, address, prefix, problems);
  if (network.translate !== undefined) {
    if (gateway !== undefined) checkGateway(gateway, gateway, address, prefix, problems);
    return translated(ip, address, network.translate, problems);
  }
  const way = gateway?.value ?? network.gateway;
  if (way === undefined) return { kind: 'static', address, prefix };
  checkGateway(gateway ?? { ...ip, value: way }, gateway, address, prefix, problems);
  return { kind: 'static', address, prefix, gateway: way };
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
  } else if (!contains(networkOf(address, prefix), gateway.value)) {
    const fix =
      written === undefined ? 'write GATEWAY, or the prefix of the IP' : 'correct it, or the prefix of the IP';
    problems.push(problemAt(gateway, `${via} is not in the network of ${address}/${prefix}`, fix));
  }
}

function translated(ip: Written<string>, address: string, range: string, problems: Problem[]): Address {
  const moved = `${firstOctets(range)}.${lastOctets(address)}`;
  const taken: Readonly<Record<string, string>> = { '0.0': 'network', '0.1': 'gateway', '255.255': 'broadcast' };
  const use = taken[lastOctets(address)];
  if (use !== undefined) {
    const message = `on the local node it becomes ${moved}, its ${use} address`;
    problems.push(problemAt(ip, message, 'choose other last two numbers'));
  }
  return { kind: 'static', address: moved, prefix: 16, gateway: `${firstOctets(range)}.0.1`, written: address };
}

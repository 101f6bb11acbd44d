import { existsSync, readFileSync } from 'node:fs';
import { isIP, isIPv4 } from 'node:net';

type Format = (value: string) => string | undefined;

/** Names of a table like /etc/services; a machine without one knows what everybody uses. */
function names(file: string, usual: readonly string[], numbers: boolean): ReadonlySet<string> {
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
  const found = lines.map((line) => /^([^#\s]+)\s+(\d+)/.exec(line) ?? []);
  return new Set([...usual, ...found.flatMap(([, name = '', number = '']) => (numbers ? [name, number] : [name]))]);
}

const SERVICES = names('/etc/services', ['ssh', 'http', 'https', 'domain', 'smtp', 'ntp', 'imaps', 'mysql'], false);
const PROTOCOLS = names('/etc/protocols', ['tcp', 'udp', 'icmp', 'ipv6-icmp', 'icmpv6', 'sctp', 'esp', 'gre'], true);

/** Types that both protocols have stand in both lists. */
export const ICMP_TYPES: ReadonlySet<string> = new Set([
  ...['any', 'echo-reply', 'destination-unreachable', 'network-unreachable', 'host-unreachable'],
  ...['protocol-unreachable', 'port-unreachable', 'fragmentation-needed', 'source-route-failed', 'network-unknown'],
  ...['host-unknown', 'network-prohibited', 'host-prohibited', 'TOS-network-unreachable', 'TOS-host-unreachable'],
  ...['communication-prohibited', 'host-precedence-violation', 'precedence-cutoff', 'source-quench', 'redirect'],
  ...['network-redirect', 'host-redirect', 'TOS-network-redirect', 'TOS-host-redirect', 'echo-request'],
  ...['router-advertisement', 'router-solicitation', 'time-exceeded', 'ttl-zero-during-transit'],
  ...['ttl-zero-during-reassembly', 'parameter-problem', 'ip-header-bad', 'required-option-missing'],
  ...['timestamp-request', 'timestamp-reply', 'address-mask-request', 'address-mask-reply'],
]);
export const ICMPV6_TYPES: ReadonlySet<string> = new Set([
  ...['destination-unreachable', 'no-route', 'communication-prohibited', 'beyond-scope', 'address-unreachable'],
  ...['port-unreachable', 'failed-policy', 'reject-route', 'packet-too-big', 'time-exceeded'],
  ...['ttl-zero-during-transit', 'ttl-zero-during-reassembly', 'parameter-problem', 'bad-header'],
  ...['unknown-header-type', 'unknown-option', 'echo-request', 'echo-reply', 'router-solicitation'],
  ...['router-advertisement', 'neighbor-solicitation', 'neighbour-solicitation', 'neighbor-advertisement'],
  ...['neighbour-advertisement', 'redirect'],
]);

const MOST_PORTS = 15;
const badPort = (port: string): string | undefined => (Number(port) > 65_535 ? `invalid port '${port}'` : undefined);

/** A list of ports, ranges and service names; of destination ports also ICMP types. A range counts twice. */
export function portsProblem(text: string, icmpToo: boolean): string | undefined {
  const items = text.split(',');
  if (items.at(-1) === '') return 'extraneous commas in list';
  let [count, icmp] = [0, false];
  for (const item of items) {
    const [, from, to] = /^(\d+):(\d+)$/.exec(item) ?? [];
    if (from !== undefined && to !== undefined) {
      const problem = badPort(from) ?? badPort(to);
      if (problem !== undefined) return problem;
      if (Number(from) > Number(to)) {
        return `backwards range '${from}:${to}' not allowed, did you mean '${to}:${from}'?`;
      }
      count += 2;
    } else if (/^\d+$/.test(item)) {
      if (badPort(item) !== undefined) return badPort(item);
      count += 1;
    } else if (icmpToo && (ICMP_TYPES.has(item) || ICMPV6_TYPES.has(item))) {
      icmp = true;
    } else if (!SERVICES.has(item)) {
      return `invalid port '${item}'`;
    }
  }
  if (icmp && count > 0) return 'ICMP ports not allowed in port range';
  return count > MOST_PORTS ? 'too many entries in port list (> 15 numbers)' : undefined;
}

const NAME = '[A-Za-z][A-Za-z0-9\\-_]+';
export const ALIAS = new RegExp(`^(?:dc/|guest/)?${NAME}$`);

/** `address`, `address/prefix` or `from-to` → 4 or 6; undefined: none of these. */
function versionOf(element: string): 4 | 6 | undefined {
  const [first = '', last] = element.split('-');
  const [address = '', prefix] = first.split('/');
  if (isIP(address) === 0 || (last !== undefined && isIP(last) === 0)) return undefined;
  const bits = isIPv4(address) ? 32 : 128;
  if (prefix !== undefined && !(/^\d+$/.test(prefix) && Number(prefix) <= bits)) return undefined;
  return bits === 32 ? 4 : 6;
}

/** 4 or 6: what all addresses of a list are; undefined: there are none. */
export function addressesVersion(text: string): 4 | 6 | undefined {
  return versionOf(text.split(',')[0] ?? '');
}

/** An address or a network, with bits of the host too. */
function cidrProblem(text: string): string | undefined {
  const good = !text.includes('-') && versionOf(text) !== undefined;
  return good ? undefined : 'value does not look like a valid IP address or CIDR network';
}

/** Addresses, networks and ranges, or the name of a set or an alias. */
export function addressesProblem(text: string): string | undefined {
  if (/^\+\S+$/.test(text)) return text.length > 65 ? 'ipset name too long' : undefined;
  if (ALIAS.test(text)) return text.length > 64 ? 'alias name too long' : undefined;
  const elements = text.split(',');
  if (elements.at(-1) === '') return 'extraneous commas in list';
  const bad = elements.find((element) => versionOf(element) === undefined);
  if (bad !== undefined) return `invalid IP address: Cannot determine IP version for ${bad}`;
  if (new Set(elements.map(versionOf)).size > 1) {
    return `detected mixed ipv4/ipv6 addresses in address list '${text}'`;
  }
  return elements.length > 1 && text.includes('-') ? "you can't use a range in a list" : undefined;
}

const HELPERS = new Set(['amanda', 'ftp', 'irc', 'netbios-ns', 'pptp', 'sane', 'sip', 'snmp', 'tftp']);

function helpersProblem(text: string): string | undefined {
  const items = text.split(',');
  if (items.length > 1 && items.at(-1) === '') return 'extraneous commas in list';
  const unknown = items.find((item) => item !== '' && !HELPERS.has(item));
  return unknown === undefined ? undefined : `unknown helper ${unknown}`;
}

/** Formats of a firewall's rules (PVE::Firewall). */
export const FIREWALL_FORMATS: Readonly<Record<string, Format>> = {
  'pve-fw-sport-spec': (value) => portsProblem(value, false),
  'pve-fw-dport-spec': (value) => portsProblem(value, true),
  'pve-fw-conntrack-helper': helpersProblem,
  'pve-fw-addr-spec': addressesProblem,
  IPorCIDR: cidrProblem,
  IPorCIDRorAlias: (value) => (ALIAS.test(value) ? undefined : cidrProblem(value)),
  'pve-fw-protocol-spec': (value) =>
    value === '' || value === '0' || PROTOCOLS.has(value) ? undefined : `unknown protocol '${value}'`,
  'pve-fw-icmp-type-spec': (value) =>
    value === '' || ICMP_TYPES.has(value) || ICMPV6_TYPES.has(value) ? undefined : `invalid icmp-type value '${value}'`,
};

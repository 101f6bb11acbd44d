import { ApiError, parameterError } from '../http/answer.ts';
import { ALIAS, addressesVersion, ICMP_TYPES, ICMPV6_TYPES } from '../schema/firewall-formats.ts';
import { addressVersion, type FirewallConfig, type Rule, type RuleEnvironment } from './firewall-config.ts';

/** Protocols with ports, by name and number. */
const WITH_PORTS = new Set(['udp', '17', 'udplite', '136', 'tcp', '6', 'dccp', '33', 'sctp', '132']);
const ICMP = new Set(['icmp', '1']);
const ICMPV6 = new Set(['icmpv6', 'ipv6-icmp', '58']);

/** Macros of Proxmox VE 8.4. */
export const MACRO_NAMES: readonly string[] = [
  'Amanda Auth BGP BitTorrent BitTorrent32 Ceph CVS Citrix DAAP DCC DHCPfwd DHCPv6 DNS Distcc FTP Finger GNUnet GRE',
  'Git HKP HTTP HTTPS ICPV2 ICQ IMAP IMAPS IPIP IPsec IPsecah IPsecnat IRC Jetdirect L2TP LDAP LDAPS MSNP MSSQL Mail',
  'MDNS Munin MySQL NNTP NNTPS NTP NeighborDiscovery OSPF OpenVPN PBS PCA PMG POP3 POP3S PPtP Ping PostgreSQL',
  'Printer RDP RIP RNDC Razor Rdate Rsync SANE SMB SMBswat SMTP SMTPS SNMP SPAMD SSH SVN SixXS SPICEproxy Squid',
  'Submission Syslog TFTP Telnet Telnets Time Trcrt VNC VNCL Web Webcache Webmin Whois',
]
  .join(' ')
  .split(' ');

/** Lower-case → as it is written. */
const MACROS = new Map(MACRO_NAMES.map((name) => [name.toLowerCase(), name]));

/** Properties of a rule that may be given; `-` and nothing take one away. */
export const RULE_KEYS: readonly string[] = [
  ...['type', 'action', 'macro', 'iface', 'source', 'dest', 'proto', 'enable', 'sport', 'dport', 'comment', 'log'],
  'icmp-type',
];

function refuse(key: string, text: string): never {
  throw parameterError({ [key]: text });
}

/** Types of rules per kind of firewall. */
const TYPES: Readonly<Record<RuleEnvironment, readonly string[]>> = {
  ct: ['in', 'out', 'group'],
  group: ['in', 'out', 'forward'],
  cluster: ['in', 'out', 'forward', 'group'],
  host: ['in', 'out', 'forward', 'group'],
};

function checkAction({ type = '', action = '' }: Rule, environment: RuleEnvironment): void {
  if (type === '') refuse('type', 'missing property');
  if (action === '') refuse('action', 'missing property');
  if (!TYPES[environment].includes(type)) refuse('type', `invalid rule type '${type}' for rule_env '${environment}'`);
  if (type === 'group') {
    if (!/^[A-Za-z][A-Za-z0-9\-_]+$/.test(action)) refuse('action', 'invalid characters in security group name');
    return;
  }
  if (type === 'forward' && action === 'REJECT') refuse('action', 'cannot define REJECT rules on forward chain');
  if (!/^(?:ACCEPT|DROP|REJECT)$/.test(action)) refuse('action', `unknown action '${action}'`);
}

/** A side's ports want a protocol that has them. */
function checkPorts(rule: Rule, key: 'dport' | 'sport'): void {
  const { proto = '' } = rule;
  if (rule[key] === undefined) return;
  if (proto === '') refuse('proto', `missing property - '${key}' requires this property`);
  const types = key === 'dport' && (ICMP.has(proto) || ICMPV6.has(proto));
  if (!WITH_PORTS.has(proto) && !types) refuse(key, `protocol '${proto}' does not support ports`);
}

function checkIcmp({ proto = '', dport, 'icmp-type': type }: Rule): void {
  if (type === undefined) return;
  if (!ICMP.has(proto) && !ICMPV6.has(proto)) refuse('proto', "missing property - 'icmp-type' requires this property");
  if (dport !== undefined) refuse('icmp-type', "'icmp-type' cannot be specified together with 'dport'");
  const known = ICMP.has(proto) ? ICMP_TYPES : ICMPV6_TYPES;
  if (!known.has(type)) refuse('icmp-type', `invalid icmp-type '${type}' for proto '${proto}'`);
}

/** The firewalls that a rule may name sets and aliases of: its own, and the cluster's. */
export interface Surroundings {
  readonly environment: RuleEnvironment;
  readonly own: FirewallConfig;
  readonly cluster: FirewallConfig;
}

/** The version of a side's addresses, when they have one. */
function sideVersion(rule: Rule, key: 'source' | 'dest', { own, cluster }: Surroundings): 4 | 6 | undefined {
  const value = rule[key] ?? '';
  const set = /^\+(?:guest\/|dc\/|sdn\/)?([A-Za-z][A-Za-z0-9\-_]+)$/.exec(value)?.[1];
  if (set !== undefined) {
    if (own.ipsets?.[set] === undefined && cluster.ipsets?.[set] === undefined) refuse(key, `no such ipset '${set}'`);
    return undefined;
  }
  if (value.startsWith('+')) refuse(key, `invalid ipset name '${value}'`);
  if (!ALIAS.test(value)) return addressesVersion(value);
  const [, scope, name = ''] = /^(dc\/|guest\/)?(.*)$/.exec(value.toLowerCase()) ?? [];
  const [mine, everybodys] = [own.aliases?.[name], cluster.aliases?.[name]];
  if (mine === undefined && everybodys === undefined) refuse(key, `no such alias '${value}'`);
  const meant = scope === 'dc/' ? everybodys : scope === 'guest/' ? mine : (mine ?? everybodys);
  return meant === undefined ? undefined : addressVersion(meant.cidr);
}

/** The IP version that a rule is for; undefined: both. Throws for what there is not, and for mixed ones. */
export function ruleVersion(rule: Rule, surroundings: Surroundings): 4 | 6 | undefined {
  const { proto = '' } = rule;
  let version: 4 | 6 | undefined = proto === 'icmp' ? 4 : /^(?:icmpv6|ipv6-icmp)$/.test(proto) ? 6 : undefined;
  for (const key of ['source', 'dest'] as const) {
    const side = sideVersion(rule, key, surroundings);
    if (side !== undefined && version !== undefined && side !== version) {
      const text = 'detected mixed ipv4/ipv6 addresses in rule';
      // an alias is looked up outside of what turns this into an error of the parameter
      if (ALIAS.test(rule[key] ?? '')) throw new ApiError(500, text);
      refuse(key, text);
    }
    version ??= side;
  }
  return version;
}

/** Throws as PVE::Firewall::verify_rule does; gives the rule as it is kept. */
export function verifyRule(rule: Rule, surroundings: Surroundings): Rule {
  const { environment } = surroundings;
  checkAction(rule, environment);
  const { iface, macro } = rule;
  if (iface !== undefined && environment === 'group') refuse('type', 'parameter -i not allowed for this rule type');
  if (iface !== undefined && environment === 'ct' && !/^net\d+$/.test(iface)) {
    refuse('iface', "value does not match the regex pattern 'net\\d+'");
  }
  const known = macro === undefined ? undefined : MACROS.get(macro.toLowerCase());
  if (macro !== undefined && known === undefined) refuse('macro', `unknown macro '${macro}'`);
  checkPorts(rule, 'dport');
  checkIcmp(rule);
  checkPorts(rule, 'sport');
  ruleVersion(rule, surroundings);
  return known === undefined ? rule : { ...rule, macro: known };
}

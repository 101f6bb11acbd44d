import { parameterError } from '../http/answer.ts';
import { ALIAS, ICMP_TYPES, ICMPV6_TYPES } from '../schema/firewall-formats.ts';

export type Rule = Readonly<Record<string, string>>;

/** Protocols with ports, by name and number. */
const WITH_PORTS = new Set(['udp', '17', 'udplite', '136', 'tcp', '6', 'dccp', '33', 'sctp', '132']);
const ICMP = new Set(['icmp', '1']);
const ICMPV6 = new Set(['icmpv6', 'ipv6-icmp', '58']);

/** Macros of Proxmox VE 8.4, lower-case. */
const MACROS = new Set(
  [
    'Amanda Auth BGP BitTorrent BitTorrent32 Ceph CVS Citrix DAAP DCC DHCPfwd DHCPv6 DNS Distcc FTP Finger GNUnet GRE',
    'Git HKP HTTP HTTPS ICPV2 ICQ IMAP IMAPS IPIP IPsec IPsecah IPsecnat IRC Jetdirect L2TP LDAP LDAPS MSNP MSSQL Mail',
    'MDNS Munin MySQL NNTP NNTPS NTP NeighborDiscovery OSPF OpenVPN PBS PCA PMG POP3 POP3S PPtP Ping PostgreSQL',
    'Printer RDP RIP RNDC Razor Rdate Rsync SANE SMB SMBswat SMTP SMTPS SNMP SPAMD SSH SVN SixXS SPICEproxy Squid',
    'Submission Syslog TFTP Telnet Telnets Time Trcrt VNC VNCL Web Webcache Webmin Whois',
  ]
    .join(' ')
    .toLowerCase()
    .split(' '),
);

/** Properties of a rule that may be given; `-` and nothing take one away. */
export const RULE_KEYS: readonly string[] = [
  ...['type', 'action', 'macro', 'iface', 'source', 'dest', 'proto', 'enable', 'sport', 'dport', 'comment', 'log'],
  'icmp-type',
];

function refuse(key: string, text: string): never {
  throw parameterError({ [key]: text });
}

function checkAction({ type = '', action = '' }: Rule): void {
  if (type === '') refuse('type', 'missing property');
  if (action === '') refuse('action', 'missing property');
  if (type === 'forward') refuse('type', "invalid rule type 'forward' for rule_env 'ct'");
  if (type !== 'group' && !/^(?:ACCEPT|DROP|REJECT)$/.test(action)) refuse('action', `unknown action '${action}'`);
  if (type === 'group') refuse('action', `no such security group '${action}'`);
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

/** There are no sets and no aliases here. */
function checkAddress(rule: Rule, key: 'source' | 'dest'): void {
  const value = rule[key] ?? '';
  const set = /^\+(?:guest\/|dc\/|sdn\/)?([A-Za-z][A-Za-z0-9\-_]+)$/.exec(value)?.[1];
  if (set !== undefined) refuse(key, `no such ipset '${set}'`);
  if (value.startsWith('+')) refuse(key, `invalid ipset name '${value}'`);
  if (ALIAS.test(value)) refuse(key, `no such alias '${value}'`);
}

/** Throws 400 as PVE::Firewall::verify_rule does for a container's rule. */
export function verifyRule(rule: Rule): void {
  checkAction(rule);
  const { iface, macro } = rule;
  if (iface !== undefined && !/^net\d+$/.test(iface)) {
    refuse('iface', "value does not match the regex pattern 'net\\d+'");
  }
  if (macro !== undefined && !MACROS.has(macro.toLowerCase())) refuse('macro', `unknown macro '${macro}'`);
  checkPorts(rule, 'dport');
  checkIcmp(rule);
  checkPorts(rule, 'sport');
  checkAddress(rule, 'source');
  checkAddress(rule, 'dest');
}

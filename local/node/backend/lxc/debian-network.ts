import type { NetworkInterface } from '../backend.ts';

/** An address with its prefix, in numbers. */
function ipv4(cidr: string): { readonly address: number; readonly prefix: number } | undefined {
  const match = /^(\d+)\.(\d+)\.(\d+)\.(\d+)(?:\/(\d+))?$/.exec(cidr);
  if (match === null) return undefined;
  const [a, b, c, d] = match.slice(1, 5).map(Number) as [number, number, number, number];
  return { address: ((a << 24) | (b << 16) | (c << 8) | d) >>> 0, prefix: Number(match[5] ?? 32) };
}

/** Whether a host with this address reaches the other one without a router. */
export function onLink(cidr: string, other: string): boolean {
  const own = ipv4(cidr);
  const far = ipv4(other);
  if (own === undefined || far === undefined) return true;
  const mask = own.prefix === 0 ? 0 : (0xffffffff << (32 - own.prefix)) >>> 0;
  return (own.address & mask) >>> 0 === (far.address & mask) >>> 0;
}

function family4(iface: NetworkInterface): readonly string[] {
  const { name, ip, gw } = iface;
  if (ip === undefined || ip === 'manual') return [`iface ${name} inet manual`];
  if (ip === 'dhcp') return [`iface ${name} inet dhcp`];
  const lines = [`iface ${name} inet static`, `\taddress ${ip}`];
  if (gw === undefined) return lines;
  if (onLink(ip, gw)) return [...lines, `\tgateway ${gw}`];
  return [
    ...lines,
    '# --- BEGIN PVE ---',
    `\tpost-up ip route add ${gw} dev ${name}`,
    `\tpost-up ip route add default via ${gw} dev ${name}`,
    `\tpre-down ip route del default via ${gw} dev ${name}`,
    `\tpre-down ip route del ${gw} dev ${name}`,
    '# --- END PVE ---',
  ];
}

function family6(iface: NetworkInterface): readonly string[] {
  const { name, ip6, gw6 } = iface;
  if (ip6 === undefined || ip6 === 'manual') return [];
  if (ip6 === 'dhcp' || ip6 === 'auto') return ['', `iface ${name} inet6 ${ip6}`];
  return ['', `iface ${name} inet6 static`, `\taddress ${ip6}`, ...(gw6 === undefined ? [] : [`\tgateway ${gw6}`])];
}

const STANZA = /^(?:auto|allow-\S+|iface|mapping|source|source-directory|rename|no-auto-down|no-scripts)\b/;

/** What a file says beside our interfaces and `lo`: people's own stanzas are kept across restarts. */
function foreignStanzas(text: string, ours: ReadonlySet<string>): readonly string[] {
  const kept: string[] = [];
  let keeping = true;
  for (const line of text.split('\n')) {
    const trimmed = line.trim();
    if (STANZA.test(trimmed)) {
      const [word, ...names] = trimmed.split(/\s+/);
      const subject = word === 'iface' || word === 'mapping' ? names.slice(0, 1) : names;
      keeping = !subject.some((name) => ours.has(name));
    }
    if (keeping) kept.push(line.trimEnd());
  }
  while (kept[0] === '') kept.shift();
  while (kept.at(-1) === '') kept.pop();
  return kept;
}

/** Interfaces that Proxmox VE would name: `lo`, `ethN` and those of the config. Others belong to people. */
function managed(
  interfaces: readonly NetworkInterface[],
  existing: string,
  gone: readonly string[],
): ReadonlySet<string> {
  const numbered = [...existing.matchAll(/\beth\d+\b/g)].map(([name]) => name);
  return new Set(['lo', ...numbered, ...gone, ...interfaces.map(({ name }) => name)]);
}

/** /etc/network/interfaces of Debian's ifupdown. `gone`: interfaces that were ours and are not any more. */
export function debianInterfaces(
  interfaces: readonly NetworkInterface[],
  existing = '',
  gone: readonly string[] = [],
): string {
  const blocks = interfaces.map((iface) => [`auto ${iface.name}`, ...family4(iface), ...family6(iface), '']);
  const foreign = foreignStanzas(existing, managed(interfaces, existing, gone));
  const lines = ['auto lo', 'iface lo inet loopback', '', ...blocks.flat(), ...foreign];
  return `${lines.join('\n').trimEnd()}\n`;
}

/** systemd-networkd's file for one interface. */
export function networkdUnit(iface: NetworkInterface): string {
  const dhcp4 = iface.ip === 'dhcp';
  const dhcp6 = iface.ip6 === 'dhcp' || iface.ip6 === 'auto';
  const fixed = (value: string | undefined): value is string =>
    value !== undefined && !['dhcp', 'manual', 'auto'].includes(value);
  const routes = [iface.gw, iface.gw6].flatMap((gateway) =>
    gateway === undefined ? [] : ['', '[Route]', `Gateway=${gateway}`, 'GatewayOnLink=yes'],
  );
  return [
    '[Match]',
    `Name=${iface.name}`,
    '',
    '[Network]',
    `Description=Interface ${iface.name} autoconfigured by PVE`,
    `DHCP=${dhcp4 && dhcp6 ? 'yes' : dhcp4 ? 'ipv4' : dhcp6 ? 'ipv6' : 'no'}`,
    `IPv6AcceptRA=${iface.ip6 === 'auto' ? 'true' : 'false'}`,
    ...[iface.ip, iface.ip6].filter(fixed).map((address) => `Address=${address}`),
    ...routes,
    '',
  ].join('\n');
}

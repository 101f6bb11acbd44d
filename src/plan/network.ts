import type { NetworkInterface } from '../model/desired.ts';
import { formatProperties, type Properties, parseProperties } from '../model/property-string.ts';
import { change, type Edit, type Effective, type FieldContext } from './edit.ts';

/** Properties of netN that `interfaces` says; hwaddr and firewall only where they are written. */
const DESCRIBED = ['ip', 'gw', 'ip6', 'gw6', 'tag', 'trunks', 'mtu', 'rate', 'link_down'] as const;

/** Properties that the short form says of a container that is there: the rest of netN is kept. */
function ours(net: NetworkInterface): readonly string[] {
  const said = [
    ...(net.described ? DESCRIBED : ['ip', 'gw']),
    ...(!net.described && net.ipv6 !== undefined ? ['ip6', 'gw6'] : []),
    ...(!net.described && net.vlan !== undefined ? ['tag'] : []),
  ];
  return [...said, ...(net.mac === undefined ? [] : ['hwaddr']), ...(net.firewall === undefined ? [] : ['firewall'])];
}

function wanted(net: NetworkInterface): Map<string, string> {
  const { ipv4, ipv6, vlan, trunks, mac, mtu, rate, firewall, connected } = net;
  const all: readonly (readonly [string, string | number | undefined])[] = [
    ['name', net.name],
    ['bridge', net.bridge],
    ['ip', ipv4.kind === 'none' ? undefined : ipv4.kind === 'static' ? `${ipv4.address}/${ipv4.prefix}` : ipv4.kind],
    ['gw', ipv4.kind === 'static' ? ipv4.gateway : undefined],
    ['ip6', ipv6?.kind === 'static' ? `${ipv6.address}/${ipv6.prefix}` : ipv6?.kind],
    ['gw6', ipv6?.kind === 'static' ? ipv6.gateway : undefined],
    ['tag', vlan],
    ['trunks', trunks?.join(';')],
    ['hwaddr', mac],
    ['mtu', mtu],
    ['rate', rate],
    ['firewall', firewall === true ? 1 : undefined],
    ['link_down', connected ? undefined : 1],
  ];
  return new Map(all.flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)]])));
}

export function createNetwork(net: NetworkInterface): string {
  return formatProperties(new Map([...wanted(net), ['type', 'veth']]));
}

/** One form for what the server may write in several. undefined: as if it were not there. */
function normal(key: string, value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  if (key === 'rate' || key === 'mtu' || key === 'tag') return String(Number(value));
  if (key === 'firewall' || key === 'link_down') return value === '1' ? value : undefined;
  if (key === 'hwaddr' || key === 'ip6' || key === 'gw6') return value.toLowerCase();
  if (key !== 'trunks') return value;
  return value
    .split(';')
    .map(Number)
    .toSorted((a, b) => a - b)
    .join(';');
}

/**
 * The new netN value when the observed one differs, else undefined. The MAC stays unless another one is written: a netN
 * change without hwaddr makes a new one, and neighbours then miss the container for up to a minute.
 */
export function changedNetwork(net: NetworkInterface, observed: string | undefined): string | undefined {
  if (observed === undefined) return createNetwork(net);
  const current: Properties = parseProperties(observed);
  const target = wanted(net);
  const keys = ['name', 'bridge', ...ours(net)];
  if (keys.every((key) => normal(key, target.get(key)) === normal(key, current.get(key)))) return undefined;
  const next = new Map([...current].filter(([key]) => !keys.includes(key) || key === 'name' || key === 'bridge'));
  for (const [key, value] of target) if (keys.includes(key)) next.set(key, value);
  return formatProperties(next);
}

/**
 * Which netN an interface is: the one of its name, so that a gap in the numbers or another order changes nothing; else the
 * one of its position, else the lowest that is free.
 */
function netKeys(nets: readonly NetworkInterface[], config: Effective): readonly string[] {
  const there = Object.keys(config).filter((key) => /^net\d+$/.test(key));
  const called = (name: string): string | undefined =>
    there.find((key) => parseProperties(config[key] ?? '').get('name') === name);
  const byName = nets.map(({ name, described }) => (described ? called(name) : undefined));
  const taken = new Set(byName.filter((key) => key !== undefined));
  return nets.map(({ index }, position) => {
    const named = byName[position];
    if (named !== undefined) return named;
    let number = index;
    for (let next = 0; taken.has(`net${number}`); next += 1) number = next;
    taken.add(`net${number}`);
    return `net${number}`;
  });
}

/** Live, all of it; interfaces that nobody wrote are removed only where all are written. */
export function networks({ desired, config }: FieldContext): Edit[] {
  const keys = netKeys(desired.interfaces, config);
  const edits = desired.interfaces.flatMap((net, position): Edit[] => {
    const key = keys[position] ?? `net${net.index}`;
    const observed = config[key];
    const next = changedNetwork(net, observed);
    if (next === undefined) return [];
    const from = observed === undefined ? undefined : describeNetwork(observed);
    return [{ change: change(key, from, describeNetwork(next), noteOf(observed, next)), set: { [key]: next } }];
  });
  // Without any interface the definition says so: the short form always has one.
  if (desired.interfaces.some(({ described }) => !described)) return edits;
  const gone = Object.keys(config).filter((key) => /^net\d+$/.test(key) && !keys.includes(key));
  return [
    ...edits,
    ...gone.map(
      (key): Edit => ({
        change: change(key, describeNetwork(config[key] ?? ''), undefined, { note: 'not in interfaces' }),
        remove: [key],
      }),
    ),
  ];
}

function noteOf(observed: string | undefined, next: string): { readonly note?: string } {
  if (observed === undefined) return {};
  const [from, to] = [parseProperties(observed), parseProperties(next)];
  const again = ['name', 'hwaddr'].some((key) => normal(key, from.get(key)) !== normal(key, to.get(key)));
  return again ? { note: 'the interface is taken out and put in anew' } : {};
}

const WORDS: readonly (readonly [string, (value: string) => string])[] = [
  ['gw', (value) => `via ${value}`],
  ['ip6', (value) => `and ${value}`],
  ['gw6', (value) => `via ${value}`],
  ['bridge', (value) => `on ${value}`],
  ['tag', (value) => `VLAN ${value}`],
  ['trunks', (value) => `trunks ${value.replaceAll(';', ', ')}`],
  ['mtu', (value) => `MTU ${value}`],
  ['rate', (value) => `${value} MB/s`],
];

/** For people: `192.168.178.42/24 via 192.168.178.1 on vmbr0`. */
export function describeNetwork(value: string): string {
  const properties = parseProperties(value);
  const said = WORDS.flatMap(([key, say]) => {
    const text = properties.get(key);
    return text === undefined ? [] : [say(text)];
  });
  return [
    properties.get('ip') ?? 'no IPv4',
    ...said,
    ...(properties.get('firewall') === '1' ? ['firewall'] : []),
    ...(properties.get('link_down') === '1' ? ['disconnected'] : []),
  ].join(' ');
}

import { type KeyToWrite, type PlainValue, yesOrNo } from '../definition/write.ts';
import { type Properties, parseProperties } from '../model/property-string.ts';
import type { NetworkDefaults } from '../model/settings.ts';
import { type Config, flagOf, type Note, numbered, type Part, present } from './part.ts';

/** Properties of netN that the short form says, or that go without saying. */
const SHORT = new Set(['name', 'bridge', 'ip', 'gw', 'ip6', 'gw6', 'tag', 'hwaddr', 'type']);
/** Properties that `interfaces` says. */
const LONG = new Set([...SHORT, 'trunks', 'mtu', 'rate', 'firewall', 'link_down']);

/** One plain interface in the short form (ip, gateway, bridge …), everything else as `interfaces`. */
export function networkOf(config: Config, site: NetworkDefaults): Part {
  const nets = numbered(config, 'net').map((key) => ({ key, properties: parseProperties(config[key] ?? '') }));
  const notes = nets.flatMap(({ key, properties }): Note[] => {
    const unknown = [...properties.keys()].filter((name) => !LONG.has(name));
    return unknown.length === 0 ? [] : [{ key, text: `no key says ${unknown.join(', ')}` }];
  });
  const [first] = nets;
  if (first === undefined) return { keys: [{ key: 'interfaces', value: [] }], notes };
  const plain = nets.length === 1 && first.key === 'net0' && isPlain(first.properties, site);
  return {
    keys: plain
      ? shortForm(first.properties, site)
      : [
          longForm(
            nets.map(({ properties }) => properties),
            site,
          ),
        ],
    notes,
  };
}

function isPlain(properties: Properties, site: NetworkDefaults): boolean {
  const ip = properties.get('ip') ?? '';
  return (
    [...properties.keys()].every((name) => SHORT.has(name)) &&
    properties.get('name') === site.interface &&
    properties.has('bridge') &&
    properties.get('ip6') !== 'manual' &&
    (ip === 'dhcp' || ip.includes('/'))
  );
}

/** A static address without a gateway would get the site's. */
function gatewayOf(properties: Properties, site: NetworkDefaults, elsewhere: boolean): string | undefined {
  const written = properties.get('gw');
  if (written !== undefined || site.gateway === undefined || elsewhere) return written;
  return properties.get('ip')?.includes('/') === true ? 'none' : undefined;
}

function shortForm(properties: Properties, site: NetworkDefaults): KeyToWrite[] {
  const gateway = gatewayOf(properties, site, false);
  const key = (name: string, from: string): KeyToWrite[] => {
    const value = properties.get(from);
    return value === undefined ? [] : [{ key: name, value }];
  };
  return [
    ...key('ip', 'ip'),
    ...(gateway === undefined ? [] : [{ key: 'gateway', value: gateway }]),
    ...key('ip6', 'ip6'),
    ...key('gateway6', 'gw6'),
    ...key('bridge', 'bridge'),
    ...key('vlan', 'tag').map(({ key: name, value }) => ({ key: name, value: Number(value) })),
  ];
}

function longForm(nets: readonly Properties[], site: NetworkDefaults): KeyToWrite {
  const routed = nets.some((net) => net.has('gw'));
  const number = (text: string | undefined): number | undefined => (text === undefined ? undefined : Number(text));
  const value = nets.map((net, index): { readonly [key: string]: PlainValue } =>
    present<PlainValue>({
      name: net.get('name') ?? `eth${index}`,
      bridge: net.get('bridge'),
      ip: net.get('ip') ?? 'none',
      gateway: gatewayOf(net, site, routed),
      ip6: net.get('ip6'),
      gateway6: net.get('gw6'),
      vlan: number(net.get('tag')),
      trunks: net.get('trunks')?.split(';').map(Number),
      mac: net.get('hwaddr'),
      mtu: number(net.get('mtu')),
      rate: number(net.get('rate')),
      firewall: flag(net.get('firewall')),
      connected: flagOf(net.get('link_down')) === true ? 'no' : undefined,
    }),
  );
  return { key: 'interfaces', value };
}

function flag(text: string | undefined): 'yes' | 'no' | undefined {
  const value = flagOf(text);
  return value === undefined ? undefined : yesOrNo(value);
}

import type { NetworkInterface } from '../model/desired.ts';
import { formatProperties, type Properties, parseProperties } from '../model/property-string.ts';

/** What we say about an interface; everything else of netN (MAC, MTU, rate, firewall …) is kept as it is. */
function wanted(net: NetworkInterface): Map<string, string> {
  const properties = new Map([
    ['name', net.name],
    ['bridge', net.bridge],
  ]);
  if (net.ipv4.kind === 'dhcp') properties.set('ip', 'dhcp');
  else {
    properties.set('ip', `${net.ipv4.address}/${net.ipv4.prefix}`);
    if (net.ipv4.gateway !== undefined) properties.set('gw', net.ipv4.gateway);
  }
  return properties;
}

export function createNetwork(net: NetworkInterface): string {
  return formatProperties(new Map([...wanted(net), ['type', 'veth']]));
}

/** Keys of ours in netN that a wanted interface does without. */
const OURS = ['ip', 'gw'];

/**
 * The new netN value when the observed one differs, else undefined. The MAC stays: a netN change without hwaddr makes
 * a new one, and neighbours then miss the container for up to a minute.
 */
export function changedNetwork(net: NetworkInterface, observed: string | undefined): string | undefined {
  if (observed === undefined) return createNetwork(net);
  const current: Properties = parseProperties(observed);
  const target = wanted(net);
  const same =
    [...target].every(([key, value]) => current.get(key) === value) &&
    OURS.every((key) => target.has(key) || !current.has(key));
  if (same) return undefined;
  const next = new Map([...current].filter(([key]) => !OURS.includes(key)));
  for (const [key, value] of target) next.set(key, value);
  return formatProperties(next);
}

/** For people: `192.168.178.42/24 via 192.168.178.1 on vmbr0`. */
export function describeNetwork(value: string): string {
  const properties = parseProperties(value);
  const gateway = properties.get('gw');
  return [
    properties.get('ip') ?? 'no address',
    gateway === undefined ? undefined : `via ${gateway}`,
    `on ${properties.get('bridge') ?? 'no bridge'}`,
  ]
    .filter((part) => part !== undefined)
    .join(' ');
}

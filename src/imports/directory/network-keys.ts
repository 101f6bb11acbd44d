import type { KeyToWrite, PlainValue } from '../../definition/write.ts';
import { present } from '../part.ts';

export interface NetworkValues {
  readonly ip?: string;
  readonly gateway?: string;
  readonly ip6?: string;
  readonly gateway6?: string;
  readonly bridge?: string;
  readonly vlan?: number;
  readonly mac?: string;
  readonly mtu?: number;
}

/** The short form; one interface in full where only that says it (MAC address, MTU). `bridge` of the site when none is given. */
export function networkKeys(values: NetworkValues, site: { readonly bridge: string }): readonly KeyToWrite[] {
  const { mac, mtu, ...short } = values;
  const given = present<PlainValue>({ ...short });
  if (mac === undefined && mtu === undefined) return Object.entries(given).map(([key, value]) => ({ key, value }));
  const whole = present<PlainValue>({ bridge: site.bridge, ip: 'dhcp', ...given, mac: mac?.toUpperCase(), mtu });
  return [{ key: 'interfaces', value: [whole] }];
}

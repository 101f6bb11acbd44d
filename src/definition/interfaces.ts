import * as z from 'zod';
import type { InterfaceDefinition } from '../model/definition.ts';
import { type Conflict, field } from './field.ts';
import { BRIDGE, GATEWAY, INTERFACE, INTERFACE_ADDRESS, INTERFACE_ADDRESS6, IPV6_ONLY, MAC } from './forms.ts';
import { address6Hint, addressHint, gateway6Hint, macHint } from './hints.ts';
import { canonicalIpv6, isHostIpv6, isInterfaceIpv6 } from './ip.ts';
import { flagOf, given, optional, twice, whole, yesNo } from './schemas.ts';

const live = 'live' as const;
const vlanForm = 'a whole number from 1 to 4094';

const parts = {
  name: {
    schema: z.string().regex(INTERFACE),
    form: 'the name of an interface, such as eth0',
    default: 'setting network.interface, then eth1, eth2 …',
    effect: live,
    description: 'Name within the container',
  },
  bridge: {
    schema: z.string().regex(BRIDGE),
    form: 'the name of a bridge, such as vmbr0',
    default: 'setting network.bridge',
    effect: live,
    description: 'Bridge of the node',
  },
  ip: {
    schema: z.string().regex(INTERFACE_ADDRESS),
    form: 'an IPv4 address, with or without /prefix, dhcp, manual or none',
    hint: addressHint,
    default: 'dhcp',
    effect: live,
    description: 'Address; manual leaves it to the container, none: no IPv4',
  },
  gateway: {
    schema: z.string().regex(GATEWAY),
    form: 'an IPv4 address, or none',
    default: 'none; where no interface has one, setting network.gateway for the first address that it fits',
    effect: live,
    description: 'Gateway; at most one interface has one',
  },
  ip6: {
    schema: z.string().regex(INTERFACE_ADDRESS6).refine(isInterfaceIpv6),
    form: 'an IPv6 address of a host with /prefix, dhcp, auto, manual or none',
    hint: address6Hint,
    default: 'none',
    effect: live,
    description: 'IPv6 address; auto takes it from the router',
  },
  gateway6: {
    schema: z.string().regex(IPV6_ONLY).refine(isHostIpv6),
    form: 'an IPv6 address of a host, without prefix',
    hint: gateway6Hint,
    default: 'none',
    effect: live,
    description: 'IPv6 gateway; at most one interface has one',
  },
  vlan: {
    schema: whole(1, 4094),
    form: vlanForm,
    default: 'none',
    effect: live,
    description: 'VLAN of the bridge; needs one that knows VLANs',
  },
  trunks: {
    schema: z.array(whole(1, 4094)).min(1).meta({ uniqueItems: true }),
    form: 'a list of whole numbers from 1 to 4094',
    default: 'none',
    effect: live,
    description: 'VLANs that the container sees with their tags',
  },
  mac: {
    schema: z.string().regex(MAC),
    form: 'a unicast MAC address, such as BC:24:11:00:00:2A',
    hint: macHint,
    default: 'left as it is; Proxmox VE makes one at create',
    effect: live,
    description: 'MAC address',
  },
  mtu: {
    schema: whole(64, 65_535),
    form: 'a whole number from 64 to 65535',
    unit: 'bytes',
    default: 'that of the bridge',
    effect: live,
    description: 'Largest packet',
  },
  rate: {
    schema: z.number().min(0.001).max(1_000_000),
    form: 'a number of MB/s above 0',
    unit: 'MB/s',
    default: 'none',
    effect: live,
    description: 'Limit of what it sends and receives',
  },
  firewall: {
    schema: yesNo,
    form: 'yes or no',
    default: 'left as it is',
    effect: live,
    description: 'Whether the firewall of Proxmox VE applies',
  },
  connected: {
    schema: yesNo,
    form: 'yes or no',
    default: 'yes',
    effect: live,
    description: 'no: as if the cable were pulled',
  },
};

const written = z.strictObject(optional(parts));
type Written = z.infer<typeof written>;

export const interfaces = field({
  yaml: 'interfaces',
  schema: z.array(written).max(10),
  convert: (list): readonly InterfaceDefinition[] =>
    list.map(({ mac, firewall, connected, ...rest }) => ({
      ...rest,
      ...given({ mac: mac?.toUpperCase(), firewall: flagOf(firewall), connected: flagOf(connected) }),
    })),
  conflicts: (list) => [
    ...twice(
      list,
      ({ name }, index) => name ?? `eth${index}`,
      (index) => [index, 'name'],
    ),
    ...twice(
      list,
      ({ mac }) => mac?.toUpperCase(),
      (index) => [index, 'mac'],
    ),
    ...twice(
      list,
      ({ ip }) => staticPart(ip),
      (index) => [index, 'ip'],
    ),
    ...twice(
      list,
      ({ ip6 }) => staticPart(ip6, canonicalIpv6),
      (index) => [index, 'ip6'],
    ),
    ...twice(
      list,
      ({ gateway }) => (gateway === 'none' ? undefined : gateway && 'a gateway'),
      (index) => [index, 'gateway'],
    ),
    ...twice(
      list,
      ({ gateway6 }) => gateway6 && 'a gateway6',
      (index) => [index, 'gateway6'],
    ),
    ...list.flatMap(ownConflicts),
  ],
  shape: { kind: 'list', parts, item: 'an interface, such as {bridge: vmbr0, ip: dhcp}' },
  form: 'a list of at most ten interfaces, such as {bridge: vmbr0, ip: dhcp}',
  default: 'one, by ip, gateway, ip6, gateway6, bridge and vlan',
  effect: live,
  description:
    'Every interface in full, instead of the short keys; one that is not in the list is removed from the container, and [] leaves it without any',
});

/** The address of `ADDRESS/PREFIX`; undefined for words such as dhcp. */
function staticPart(text: string | undefined, canonical = (address: string): string => address): string | undefined {
  return text === undefined || !/[.:]/.test(text) ? undefined : canonical(text.split('/')[0] ?? '');
}

function ownConflicts(item: Written, index: number): Conflict[] {
  const { ip, gateway, ip6, gateway6, trunks } = item;
  const found: Conflict[] = [];
  const add = (key: keyof Written, message: string, fix: string): void => {
    found.push({ kind: 'conflict', path: [index, key], message, fix });
  };
  if (gateway !== undefined && gateway !== 'none' && staticPart(ip) === undefined)
    add('gateway', `has no use with ip ${ip ?? 'dhcp'}`, 'write an IPv4 address as ip, or remove the line');
  if (gateway6 !== undefined && staticPart(ip6) === undefined)
    add('gateway6', `has no use with ip6 ${ip6 ?? 'none'}`, 'write an IPv6 address as ip6, or remove the line');
  if (gateway !== undefined && gateway === staticPart(ip))
    add('gateway', "is the interface's own address", 'write that of the router');
  if (gateway6 !== undefined && canonicalIpv6(gateway6) === staticPart(ip6, canonicalIpv6))
    add('gateway6', "is the interface's own address", 'write that of the router');
  const tags = twice(trunks ?? [], String, (at) => [index, 'trunks', at]);
  return [...found, ...tags];
}

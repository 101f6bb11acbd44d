import * as z from 'zod';
import { field } from './field.ts';
import { ADDRESS, ADDRESS6, ANY_IP, BRIDGE, GATEWAY, IPV6_ONLY, SEARCH_DOMAINS } from './forms.ts';
import { address6Hint, addressHint, gateway6Hint } from './hints.ts';
import { interfaces } from './interfaces.ts';
import { isAddress, isHostIpv6, isInterfaceIpv6 } from './ip.ts';
import { asList, asNumber, listOf, same, twice, whole } from './schemas.ts';

const server = z.string().regex(ANY_IP).refine(isAddress);

/** How a container is reached. */
export const networkFields = {
  ip: field({
    env: 'IP',
    yaml: 'ip',
    schema: z.string().regex(ADDRESS),
    convert: same,
    form: 'an IPv4 address, with or without /prefix, or dhcp',
    hint: addressHint,
    default: 'dhcp',
    effect: 'live',
    description: 'Address; without a prefix that of the setting network.prefix',
  }),
  gateway: field({
    env: 'GATEWAY',
    yaml: 'gateway',
    schema: z.string().regex(GATEWAY),
    convert: same,
    form: 'an IPv4 address, or none',
    default: 'setting network.gateway',
    effect: 'live',
    description: 'Gateway of a static address; none: it reaches its own network only',
  }),
  ip6: field({
    env: 'IP6',
    yaml: 'ip6',
    schema: z.string().regex(ADDRESS6).refine(isInterfaceIpv6),
    convert: same,
    form: 'an IPv6 address of a host with /prefix, dhcp or auto',
    hint: address6Hint,
    default: 'left as it is',
    effect: 'live',
    description: 'IPv6 address; auto takes it from the router',
  }),
  gateway6: field({
    env: 'GATEWAY6',
    yaml: 'gateway6',
    schema: z.string().regex(IPV6_ONLY).refine(isHostIpv6),
    convert: same,
    form: 'an IPv6 address of a host, without prefix',
    hint: gateway6Hint,
    default: 'none',
    effect: 'live',
    description: 'Gateway of a static IPv6 address',
  }),
  bridge: field({
    env: 'BRIDGE',
    yaml: 'bridge',
    schema: z.string().regex(BRIDGE),
    convert: same,
    form: 'the name of a bridge, such as vmbr0',
    default: 'setting network.bridge',
    effect: 'live',
    description: 'Bridge of the node',
  }),
  vlan: field({
    env: 'VLAN',
    yaml: 'vlan',
    schema: whole(1, 4094),
    convert: same,
    fromText: asNumber,
    form: 'a whole number from 1 to 4094',
    default: 'left as it is',
    effect: 'live',
    description: 'VLAN of the bridge; needs one that knows VLANs',
  }),
  interfaces,
  nameserver: field({
    env: 'NAMESERVER',
    yaml: 'nameserver',
    schema: z.union([server, z.array(server).min(1).max(3).meta({ uniqueItems: true })]),
    convert: listOf<string>,
    conflicts: (written) => twice(listOf<string>(written), (address) => address),
    fromText: asList,
    form: 'an IPv4 or IPv6 address, or up to three of them',
    default: 'setting network.nameserver, else that of the node',
    effect: 'restart',
    description: 'Name servers',
  }),
  searchdomain: field({
    env: 'SEARCHDOMAIN',
    yaml: 'searchdomain',
    schema: z.string().regex(SEARCH_DOMAINS),
    convert: same,
    form: 'a domain such as home.example, or several with a blank between them',
    default: 'setting network.searchdomain, else that of the node',
    effect: 'restart',
    description: 'Domains that short names are looked up in',
  }),
};

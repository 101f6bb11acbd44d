import type { Definition, InterfaceDefinition, Written } from '../model/definition.ts';
import type { Ipv6, NetworkInterface } from '../model/desired.ts';
import type { Problem } from '../model/errors.ts';
import type { NetworkDefaults } from '../model/settings.ts';
import { type AddressParts, addressOf } from './address.ts';
import { partOf, problemAt } from './problems.ts';

/** The interfaces of a definition: the one of the short keys, or all of `interfaces` in full. */
export function interfacesOf(
  definition: Definition,
  network: NetworkDefaults,
  problems: Problem[],
): readonly NetworkInterface[] {
  const { interfaces } = definition;
  if (interfaces === undefined) return [shortForm(definition, network, problems)];
  const nets = interfaces.value.map((net, index) => longForm(interfaces, net, index, network, problems));
  // Two that differ on the site may come to the same address on a local node.
  const addresses = nets.map(({ ipv4 }) => (ipv4.kind === 'static' ? ipv4.address : undefined));
  addresses.forEach((address, index) => {
    if (address === undefined || addresses.indexOf(address) === index) return;
    problems.push(problemAt(partOf(interfaces, [index, 'ip'], address), `comes to ${address}, as another one does`));
  });
  return nets;
}

function bridgeOf(written: string | undefined, network: NetworkDefaults): string {
  // A local node has one bridge, whatever the site's are called.
  return network.translate === undefined ? (written ?? network.bridge) : network.bridge;
}

function shortForm(definition: Definition, network: NetworkDefaults, problems: Problem[]): NetworkInterface {
  const { ip, gateway, ip6, gateway6, bridge, vlan } = definition;
  const parts: AddressParts = {
    siteGateway: 'required',
    ...(ip === undefined ? {} : { ip }),
    ...(gateway === undefined ? {} : { gateway }),
  };
  if (gateway6 !== undefined && (ip6 === undefined || !ip6.value.includes(':'))) {
    const kind = ip6 === undefined ? 'without IP6' : `with ${ip6.value}`;
    problems.push(problemAt(gateway6, `has no use ${kind}`, 'write an IPv6 address as IP6, or remove the line'));
  }
  const ipv6 = ipv6Of(ip6?.value, gateway6?.value);
  return {
    index: 0,
    name: network.interface,
    bridge: bridgeOf(bridge?.value, network),
    ipv4: addressOf(parts, network, problems),
    described: false,
    ...(ipv6 === undefined ? {} : { ipv6 }),
    ...(vlan === undefined ? {} : { vlan: vlan.value }),
    connected: true,
  };
}

function longForm(
  all: Written<readonly InterfaceDefinition[]>,
  net: InterfaceDefinition,
  index: number,
  network: NetworkDefaults,
  problems: Problem[],
): NetworkInterface {
  const { ip, gateway, ip6, gateway6, vlan, trunks, mac, mtu, rate, firewall, connected } = net;
  const parts: AddressParts = {
    siteGateway: index === defaultRoute(all.value) ? 'fitting' : 'elsewhere',
    ...(ip === undefined ? {} : { ip: partOf(all, [index, 'ip'], ip) }),
    ...(gateway === undefined ? {} : { gateway: partOf(all, [index, 'gateway'], gateway) }),
  };
  const ipv6 = ipv6Of(ip6, gateway6);
  return {
    index,
    name: net.name ?? (index === 0 ? network.interface : `eth${index}`),
    bridge: bridgeOf(net.bridge, network),
    ipv4: addressOf(parts, network, problems),
    described: true,
    ...(ipv6 === undefined ? {} : { ipv6 }),
    ...(vlan === undefined ? {} : { vlan }),
    ...(trunks === undefined || trunks.length === 0 ? {} : { trunks: trunks.toSorted((a, b) => a - b) }),
    ...(mac === undefined ? {} : { mac: mac.toUpperCase() }),
    ...(mtu === undefined ? {} : { mtu }),
    ...(rate === undefined ? {} : { rate }),
    ...(firewall === undefined ? {} : { firewall }),
    connected: connected ?? true,
  };
}

/** Which interface may take the site's gateway when none has one of its own: the first with an address. -1: none. */
function defaultRoute(nets: readonly InterfaceDefinition[]): number {
  if (nets.some(({ gateway }) => gateway !== undefined && gateway !== 'none')) return -1;
  return nets.findIndex(({ ip, gateway }) => ip?.includes('.') === true && gateway === undefined);
}

/** As written: a local node's bridge carries IPv6, and knows no range to translate it into. */
function ipv6Of(written: string | undefined, gateway: string | undefined): Ipv6 | undefined {
  if (written === undefined || written === 'none') return undefined;
  if (written === 'dhcp' || written === 'auto' || written === 'manual') return { kind: written };
  const [address = '', prefix = '64'] = written.split('/');
  return { kind: 'static', address, prefix: Number(prefix), ...(gateway === undefined ? {} : { gateway }) };
}

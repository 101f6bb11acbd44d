import { describe, expect, it } from 'vitest';
import { type AddressParts, addressOf } from '../../../src/desired/address.ts';
import { contains, networkOf, toNumber } from '../../../src/desired/ipv4.ts';
import type { Written } from '../../../src/model/definition.ts';
import type { Problem } from '../../../src/model/errors.ts';
import type { NetworkDefaults } from '../../../src/model/settings.ts';

const PLAIN: NetworkDefaults = { bridge: 'vmbr0', interface: 'eth0', prefix: 24 };
const HOME: NetworkDefaults = { ...PLAIN, gateway: '192.168.178.1' };
const LOCAL: NetworkDefaults = { ...HOME, translate: '10.91.0.0/16' };

const w = <T>(key: string, line: number, value: T): Written<T> => ({ value, file: 'config.env', line, key });

function address(
  ip: string | undefined,
  gateway: string | undefined,
  network: NetworkDefaults,
  siteGateway: AddressParts['siteGateway'] = 'required',
) {
  const parts: AddressParts = {
    siteGateway,
    ...(ip === undefined ? {} : { ip: w('IP', 1, ip) }),
    ...(gateway === undefined ? {} : { gateway: w('GATEWAY', 2, gateway) }),
  };
  const problems: Problem[] = [];
  return { value: addressOf(parts, network, problems), problems };
}

describe('an address that is right', () => {
  it.each([
    [undefined, undefined, HOME, { kind: 'dhcp' }],
    ['dhcp', undefined, LOCAL, { kind: 'dhcp' }],
    ['192.168.178.42', undefined, PLAIN, { kind: 'static', address: '192.168.178.42', prefix: 24 }],
    [
      '192.168.178.42',
      undefined,
      HOME,
      { kind: 'static', address: '192.168.178.42', prefix: 24, gateway: '192.168.178.1' },
    ],
    [
      '192.168.178.42',
      '192.168.178.2',
      HOME,
      { kind: 'static', address: '192.168.178.42', prefix: 24, gateway: '192.168.178.2' },
    ],
    [
      '192.168.178.42/16',
      '192.168.0.1',
      HOME,
      { kind: 'static', address: '192.168.178.42', prefix: 16, gateway: '192.168.0.1' },
    ],
    ['10.0.0.0/31', '10.0.0.1', PLAIN, { kind: 'static', address: '10.0.0.0', prefix: 31, gateway: '10.0.0.1' }],
    // A single address that is routed to a hosted machine.
    ['203.0.113.7/32', '192.0.2.1', HOME, { kind: 'static', address: '203.0.113.7', prefix: 32, gateway: '192.0.2.1' }],
    ['192.168.178.42', 'none', HOME, { kind: 'static', address: '192.168.178.42', prefix: 24 }],
    ['10.0.0.5', 'none', HOME, { kind: 'static', address: '10.0.0.5', prefix: 24 }],
    [
      '192.168.178.42',
      'none',
      LOCAL,
      { kind: 'static', address: '10.91.178.42', prefix: 16, written: '192.168.178.42' },
    ],
    ['dhcp', 'none', HOME, { kind: 'dhcp' }],
    ['10.0.0.255/32', undefined, PLAIN, { kind: 'static', address: '10.0.0.255', prefix: 32 }],
    ['10.0.1.0/23', undefined, PLAIN, { kind: 'static', address: '10.0.1.0', prefix: 23 }],
    [
      '192.168.178.42/24',
      '192.168.178.1',
      LOCAL,
      { kind: 'static', address: '10.91.178.42', prefix: 16, gateway: '10.91.0.1', written: '192.168.178.42' },
    ],
    // A gateway of the site is of no meaning in the range of the local node.
    [
      '172.16.3.4',
      undefined,
      LOCAL,
      { kind: 'static', address: '10.91.3.4', prefix: 16, gateway: '10.91.0.1', written: '172.16.3.4' },
    ],
  ])('%s with gateway %s', (ip, gateway, network, value) => {
    expect(address(ip, gateway, network)).toEqual({ value, problems: [] });
  });
});

describe('an address that is refused, at the line that can be mended', () => {
  it.each([
    [undefined, '10.0.0.1', PLAIN, 2, 'has no use with dhcp'],
    ['dhcp', '10.0.0.1', PLAIN, 2, 'has no use with dhcp'],
    ['192.168.178.0', undefined, PLAIN, 1, '192.168.178.0/24 is the network address'],
    ['192.168.178.255', undefined, PLAIN, 1, '192.168.178.255/24 is the broadcast address'],
    ['192.168.178.127/25', undefined, PLAIN, 1, 'is the broadcast address'],
    ['127.0.0.1', undefined, PLAIN, 1, '127.0.0.1 is no address of a host'],
    ['0.1.2.3', undefined, PLAIN, 1, 'is no address of a host'],
    ['224.0.0.1', undefined, PLAIN, 1, 'is no address of a host'],
    ['10.0.0.5', undefined, HOME, 1, 'the gateway of the settings 192.168.178.1 is not in the network of 10.0.0.5/24'],
    ['10.0.0.5', '10.0.1.1', HOME, 2, '10.0.1.1 is not in the network of 10.0.0.5/24'],
    ['10.0.0.5', '10.0.0.5', PLAIN, 2, "10.0.0.5 is the container's own address"],
    ['192.168.178.1', undefined, HOME, 1, "192.168.178.1 is the container's own address"],
    ['10.0.0.5', '10.0.1.1', LOCAL, 2, '10.0.1.1 is not in the network of 10.0.0.5/24'],
    ['192.168.0.1', undefined, LOCAL, 1, 'on the local node it becomes 10.91.0.1, its gateway address'],
    ['192.168.0.0/8', undefined, LOCAL, 1, 'on the local node it becomes 10.91.0.0, its network address'],
    ['192.168.255.255/8', undefined, LOCAL, 1, 'on the local node it becomes 10.91.255.255, its broadcast address'],
  ])('%s with gateway %s', (ip, gateway, network, line, message) => {
    const { problems } = address(ip, gateway, network);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({ file: 'config.env', line });
    expect(problems[0]?.message).toContain(message);
  });

  it.each([
    ['10.0.0.5', undefined, 'write GATEWAY, or the prefix of the IP'],
    ['10.0.0.5', '10.0.1.1', 'correct it, or the prefix of the IP'],
    ['192.168.178.255', undefined, 'choose one between'],
    ['127.0.0.1', undefined, undefined],
  ])('%s with gateway %s says how to mend it', (ip, gateway, fix) => {
    expect(address(ip, gateway, HOME).problems[0]?.fix).toBe(fix);
  });
});

describe('networks', () => {
  it.each([
    ['192.168.178.42', 24, '192.168.178.0', '192.168.178.255'],
    ['192.168.178.42', 16, '192.168.0.0', '192.168.255.255'],
    ['10.0.0.200', 25, '10.0.0.128', '10.0.0.255'],
    ['223.255.255.254', 30, '223.255.255.252', '223.255.255.255'],
    ['10.0.0.1', 32, '10.0.0.1', '10.0.0.1'],
  ])('of %s/%i', (text, prefix, first, last) => {
    const network = networkOf(text, prefix);
    expect(network).toEqual({ first: toNumber(first), last: toNumber(last) });
    expect([first, last, text].every((inside) => contains(network, inside))).toBe(true);
    expect(contains({ first: network.first + 1, last: network.last }, first)).toBe(false);
    expect(contains({ first: network.first, last: network.last - 1 }, last)).toBe(false);
  });
});

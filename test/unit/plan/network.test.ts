import { describe, expect, it } from 'vitest';
import type { NetworkInterface } from '../../../src/model/desired.ts';
import { createNetwork, describeNetwork } from '../../../src/plan/network.ts';
import { checkIdempotence, checkPlan, type Row } from './planner.ts';

const MAC = 'hwaddr=BC:24:11:00:00:01';
const HAND = `name=eth0,bridge=vmbr0,firewall=1,gw=192.168.178.1,${MAC},ip=192.168.178.42/24,ip6=auto,mtu=1400,rate=5,tag=7,type=veth`;

const net = (more: Partial<NetworkInterface> = {}): NetworkInterface => ({
  index: 0,
  name: 'eth0',
  bridge: 'vmbr0',
  ipv4: { kind: 'static', address: '192.168.178.42', prefix: 24, gateway: '192.168.178.1' },
  described: false,
  connected: true,
  ...more,
});
const full = (more: Partial<NetworkInterface> = {}): NetworkInterface => net({ described: true, ...more });
const second = full({ index: 1, name: 'eth1', ipv4: { kind: 'none' }, vlan: 20 });
const one = (net0: NetworkInterface) => ({ interfaces: [net0] });

const ROWS: readonly Row[] = [
  { name: 'short: what nobody wrote stays', config: { net0: HAND }, steps: [] },
  {
    name: 'short: IPv6 alone',
    desired: one(net({ ipv6: { kind: 'static', address: 'fd00::42', prefix: 64, gateway: 'fd00::1' } })),
    config: { net0: HAND },
    steps: ['update'],
    after: {
      net0: `name=eth0,bridge=vmbr0,firewall=1,${MAC},mtu=1400,rate=5,tag=7,type=veth,ip=192.168.178.42/24,gw=192.168.178.1,ip6=fd00::42/64,gw6=fd00::1`,
    },
  },
  {
    name: 'short: a VLAN',
    desired: one(net({ vlan: 30 })),
    config: { net0: HAND },
    steps: ['update'],
  },
  { name: 'short: the VLAN it has', desired: one(net({ vlan: 7 })), config: { net0: HAND }, steps: [] },
  {
    name: 'short: other interfaces stay',
    config: { net1: 'name=eth1,bridge=vmbr1,hwaddr=BC:24:11:00:00:02,type=veth' },
    steps: [],
  },
  {
    name: 'in full: what nobody wrote goes back, but for MAC and firewall',
    desired: one(full()),
    config: { net0: HAND },
    steps: ['update'],
    after: {
      net0: `name=eth0,bridge=vmbr0,firewall=1,${MAC},type=veth,ip=192.168.178.42/24,gw=192.168.178.1`,
    },
  },
  {
    name: 'in full: everything, as the server may write it',
    desired: one(
      full({
        ipv6: { kind: 'static', address: 'fd00::42', prefix: 64 },
        vlan: 7,
        trunks: [3, 20],
        mac: 'BC:24:11:00:00:01',
        mtu: 1400,
        rate: 5,
        firewall: true,
        connected: false,
      }),
    ),
    config: {
      net0: 'name=eth0,bridge=vmbr0,firewall=1,gw=192.168.178.1,hwaddr=bc:24:11:00:00:01,ip=192.168.178.42/24,ip6=FD00::42/64,link_down=1,mtu=1400,rate=5.0,tag=7,trunks=20;3,type=veth',
    },
    steps: [],
  },
  {
    name: 'in full: firewall off where it never was on',
    desired: one(full({ firewall: false })),
    steps: [],
  },
  {
    name: 'in full: firewall off',
    desired: one(full({ firewall: false })),
    config: { net0: `name=eth0,bridge=vmbr0,firewall=1,gw=192.168.178.1,${MAC},ip=192.168.178.42/24,type=veth` },
    steps: ['update'],
  },
  {
    name: 'in full: another MAC',
    desired: one(full({ mac: 'BC:24:11:00:00:99' })),
    steps: ['update'],
  },
  { name: 'in full: without IPv4', desired: one(full({ ipv4: { kind: 'none' } })), steps: ['update'] },
  { name: 'in full: left to the container', desired: one(full({ ipv4: { kind: 'manual' } })), steps: ['update'] },
  {
    name: 'in full: one more',
    desired: { interfaces: [full(), second] },
    steps: ['update'],
    field: 'net1  no IPv4 on vmbr0 VLAN 20 none',
    after: { net1: 'name=eth1,bridge=vmbr0,tag=20,type=veth' },
  },
  {
    name: 'in full: one that nobody wrote is removed',
    desired: one(full()),
    config: { net1: 'name=eth1,bridge=vmbr1,type=veth', net9: 'name=eth9,bridge=vmbr1,type=veth' },
    steps: ['update'],
    field: 'net9 no IPv4 on vmbr1  none',
    after: { net1: undefined, net9: undefined },
  },
];

describe('interfaces', () => {
  it.each(ROWS)('$name → $steps', checkPlan);
  it.each(ROWS)('is empty after itself: $name', checkIdempotence);

  it('are made with what is written', () => {
    expect(createNetwork(full({ vlan: 20, mtu: 9000, firewall: true, connected: false, trunks: [2, 3] }))).toBe(
      'name=eth0,bridge=vmbr0,ip=192.168.178.42/24,gw=192.168.178.1,tag=20,trunks=2;3,mtu=9000,firewall=1,link_down=1,type=veth',
    );
    expect(createNetwork(net({ ipv4: { kind: 'dhcp' }, ipv6: { kind: 'auto' } }))).toBe(
      'name=eth0,bridge=vmbr0,ip=dhcp,ip6=auto,type=veth',
    );
  });

  it('are said in words', () => {
    expect(describeNetwork(HAND)).toBe(
      '192.168.178.42/24 via 192.168.178.1 and auto on vmbr0 VLAN 7 MTU 1400 5 MB/s firewall',
    );
  });
});

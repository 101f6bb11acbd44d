import { describe, expect, it } from 'vitest';
import type { NetworkInterface } from '../../../src/model/desired.ts';
import { checkIdempotence, checkPlan, planOf, type Row, seenBy } from './planner.ts';
import { desired } from './samples.ts';

/** Containers that were not made from a definition: what is as good as wanted stays. */

const eth = (index: number, name: string, more: Partial<NetworkInterface> = {}): NetworkInterface => ({
  index,
  name,
  bridge: 'vmbr0',
  ipv4: { kind: 'dhcp' },
  described: true,
  connected: true,
  ...more,
});
const volume = {
  name: 'data',
  path: '/srv/data',
  storage: 'local-lvm',
  size: 2,
  backup: true,
  readOnly: false,
  options: [],
};
const NET3 = 'name=eth0,bridge=vmbr0,hwaddr=BC:24:11:00:00:01,ip=dhcp,type=veth';
const NET7 = 'name=lan,bridge=vmbr0,hwaddr=BC:24:11:00:00:02,ip=dhcp,type=veth';

const ROWS: readonly Row[] = [
  {
    name: 'interfaces are found by their names, whatever their numbers and order are',
    desired: { interfaces: [eth(0, 'lan'), eth(1, 'eth0')] },
    config: { net0: undefined, net3: NET3, net7: NET7 },
    steps: [],
  },
  {
    name: 'a new one takes a number that no other has',
    desired: { interfaces: [eth(0, 'lan'), eth(1, 'eth0'), eth(2, 'wan')] },
    config: { net0: undefined, net1: NET3, net2: NET7 },
    steps: ['update'],
    field: 'net0  dhcp on vmbr0 none',
    after: { net1: NET3, net2: NET7 },
  },
  {
    name: 'one whose name is nowhere is the one of its place',
    desired: { interfaces: [eth(0, 'wan')] },
    config: { net0: NET3 },
    steps: ['update'],
    after: { net0: 'name=wan,bridge=vmbr0,hwaddr=BC:24:11:00:00:01,type=veth,ip=dhcp' },
  },
  {
    name: 'a list without any interface takes all away',
    desired: { interfaces: [] },
    config: { net0: NET3, net7: NET7 },
    steps: ['update'],
    after: { net0: undefined, net7: undefined },
  },
  {
    name: 'and has nothing to do where there is none',
    desired: { interfaces: [] },
    config: { net0: undefined },
    steps: [],
  },
  {
    name: 'a root disk that ends within the last of its GiB is not grown',
    config: { rootfs: 'local-lvm:vm-1042-disk-0,size=7500M' },
    steps: [],
  },
  {
    name: 'nor is a volume',
    desired: { volumes: [volume], protection: false },
    config: { mp0: 'local-lvm:vm-1042-disk-1,mp=/srv/data,backup=1,size=1536M' },
    steps: [],
  },
  {
    name: 'a path without its slash is the same path',
    desired: { volumes: [volume], mounts: [{ kind: 'bind', host: '/tank/x', path: '/x' }], protection: false },
    config: { mp0: 'local-lvm:vm-1042-disk-1,mp=srv/data/,backup=1,size=2G', mp1: '/tank/x,mp=x' },
    steps: [],
  },
  { name: 'a block device that somebody mounted stays', config: { mp0: '/dev/sdb1,mp=/x' }, steps: [] },
  {
    name: 'what the config does not say is what the server makes of it',
    desired: { hostname: 'CT1042', memory: 512, swap: 512 },
    config: { hostname: undefined, memory: undefined, swap: undefined },
    steps: [],
  },
];

describe.each(ROWS)('$name', (row) => {
  it('costs what it says', () => checkPlan(row));
  it('is empty after itself', () => checkIdempotence(row));
});

describe('a block device that somebody mounted', () => {
  it('is in nobody’s way: a new mount takes another place', () => {
    const row: Row = { name: '', config: { mp0: '/dev/sdb1,mp=/x' }, steps: [] };
    const wanted = desired({ mounts: [{ kind: 'bind', host: '/tank/y', path: '/y' }] });
    expect(planOf(wanted, seenBy(row)).steps).toMatchObject([{ kind: 'update', set: { mp1: '/tank/y,mp=/y' } }]);
  });
});

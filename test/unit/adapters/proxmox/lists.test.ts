import { describe, expect, it } from 'vitest';
import { parseAddresses } from '../../../../src/adapters/proxmox/addresses.ts';
import { parsePending } from '../../../../src/adapters/proxmox/container-state.ts';
import { parseGuests, parseTags } from '../../../../src/adapters/proxmox/guests.ts';
import { parseNodes, parseStorages } from '../../../../src/adapters/proxmox/nodes.ts';
import { isGoodExit, warningsOf } from '../../../../src/adapters/proxmox/settle-task.ts';
import { parseTasks } from '../../../../src/adapters/proxmox/tasks.ts';

describe('pending', () => {
  it('row 461: values, what waits, what will go, and the digest', () => {
    const state = parsePending([
      { key: 'digest', value: '48228284f33cfc00694e0941eb2781f549aa9891' },
      { key: 'memory', value: 256 },
      { key: 'description', value: 'a\nb\n' },
      { key: 'cpulimit', value: '1' },
      { delete: 1, key: 'mp1', value: 'local-btrfs:100/vm-100-disk-5.raw,mp=/data2,size=1G' },
      { delete: 1, key: 'features', pending: 'nesting=0', value: 'nesting=1' },
      { key: 'nameserver', pending: '10.88.0.1' },
      { key: 'tty', pending: 1 },
    ]);
    expect(state).toEqual({
      digest: '48228284f33cfc00694e0941eb2781f549aa9891',
      config: {
        memory: '256',
        description: 'a\nb\n',
        cpulimit: '1',
        mp1: 'local-btrfs:100/vm-100-disk-5.raw,mp=/data2,size=1G',
        features: 'nesting=1',
      },
      pending: { mp1: null, features: null, nameserver: '10.88.0.1', tty: '1' },
    });
  });

  it('the lock is no config, raw lines stay readable', () => {
    const { config } = parsePending([
      { key: 'lock', value: 'create' },
      { key: 'lxc', value: [['lxc.idmap', 'u 0 1 2']] },
    ]);
    expect(config).toEqual({ lxc: '[["lxc.idmap","u 0 1 2"]]' });
  });
});

describe('guests', () => {
  it('rows 73, 1276 and a new one that has hardly a field', () => {
    const guests = parseGuests([
      {
        id: 'lxc/710',
        type: 'lxc',
        vmid: 710,
        name: 'ct710',
        node: 'pve',
        pool: 'promo',
        status: 'running',
        tags: 'b;a',
        template: 0,
      },
      { id: 'lxc/130', vmid: 130, type: 'lxc', node: 'pve', status: 'unknown' },
      { id: 'qemu/105', vmid: 105, type: 'qemu', node: 'pve', status: 'stopped', template: 1, lock: 'backup' },
      { id: 'future/1', vmid: 1000, type: 'future', node: 'pve' },
    ]);
    expect(guests).toEqual([
      {
        vmid: 710,
        type: 'lxc',
        node: 'pve',
        name: 'ct710',
        status: 'running',
        template: false,
        tags: ['b', 'a'],
        pool: 'promo',
      },
      { vmid: 130, type: 'lxc', node: 'pve', status: 'unknown', template: false, tags: [] },
      { vmid: 105, type: 'qemu', node: 'pve', status: 'stopped', template: true, tags: [], lock: 'backup' },
    ]);
  });

  it.each([
    ['a;b', ['a', 'b']],
    ['a, b c', ['a', 'b', 'c']],
    [' ', []],
    [undefined, []],
  ])('tags %j', (tags, list) => {
    expect(parseTags(tags)).toEqual(list);
  });
});

describe('nodes', () => {
  const nodes = [
    { node: 'c', status: 'online', ssl_fingerprint: 'CC' },
    { node: 'b', status: 'unknown', ssl_fingerprint: 'BB' },
    { node: 'a', status: 'online', ssl_fingerprint: 'AA' },
  ];

  it('online ones, the answering one first', () => {
    expect(parseNodes(nodes, 'CC')).toEqual(['c', 'a']);
  });

  it('the one that answers is online, whatever its status says', () => {
    expect(parseNodes(nodes, 'BB')).toEqual(['b', 'a', 'c']);
    expect(parseNodes([{ node: 'pve', status: 'unknown' }], undefined)).toEqual(['pve']);
  });

  it('nobody knows which: by name', () => {
    expect(parseNodes(nodes, undefined)).toEqual(['a', 'c']);
  });

  it('storages, row 62', () => {
    const data = [
      {
        active: 1,
        avail: 11974356992,
        content: 'rootdir,images',
        enabled: 1,
        storage: 'local-btrfs',
        total: 12884901888,
      },
      { storage: 'off', content: 'iso', enabled: 0 },
    ];
    expect(parseStorages(data)).toEqual([
      {
        storage: 'local-btrfs',
        content: ['images', 'rootdir'],
        active: true,
        enabled: true,
        available: 11974356992,
        total: 12884901888,
      },
      { storage: 'off', content: ['iso'], active: false, enabled: false, available: 0, total: 0 },
    ]);
  });
});

describe('tasks', () => {
  it('row 92 and running ones, newest first', () => {
    const upid = (type: string) => `UPID:pve:00003AD3:0004C128:6B0155F0:${type}:100:root@pam!gitops:`;
    const tasks = parseTasks([
      { upid: upid('vzstop'), type: 'vzstop', id: '100', user: 'root@pam', starttime: 10, endtime: 11, status: 'OK' },
      { upid: upid('vzstart'), type: 'vzstart', id: '100', user: 'root@pam', starttime: 30 },
      { upid: upid('vzdump'), type: 'vzdump', id: '100', user: 'root@pam', starttime: 20, status: 'RUNNING' },
    ]);
    expect(tasks.map(({ type, running, exit, vmid }) => [type, running, exit, vmid])).toEqual([
      ['vzstart', true, undefined, 100],
      ['vzdump', true, undefined, 100],
      ['vzstop', false, 'OK', 100],
    ]);
  });

  it.each([
    ['OK', true],
    ['WARNINGS: 3', true],
    ['unexpected status', false],
    ['WARNINGS', false],
    ['OK, but', false],
    ['', false],
  ])('%j ends well: %s', (exit, good) => {
    expect(isGoodExit(exit)).toBe(good);
  });

  it('warnings are told without their mark', () => {
    expect(warningsOf(['WARN: one', 'line', 'WARNING: two', 'TASK WARNINGS: 2'])).toEqual(['one', 'two']);
  });
});

describe('addresses', () => {
  it('row 87: no loopback, no link-local, no prefix', () => {
    const eth0 = {
      name: 'eth0',
      inet: '10.88.0.100/24',
      inet6: 'fe80::be24:11ff:fec0:d02f/64',
      'ip-addresses': [
        { 'ip-address': 'fd00::5', 'ip-address-type': 'inet6', prefix: '64' },
        { 'ip-address': '10.88.0.100', 'ip-address-type': 'inet', prefix: '24' },
        { 'ip-address': 'fe80::be24:11ff:fec0:d02f', 'ip-address-type': 'inet6', prefix: '64' },
      ],
    };
    const lo = { name: 'lo', inet: '127.0.0.1/8', inet6: '::1/128', 'ip-addresses': [{ 'ip-address': '127.0.0.1' }] };
    expect(parseAddresses([lo, eth0])).toEqual(['10.88.0.100', 'fd00::5']);
  });

  it('an older server tells one of each', () => {
    expect(parseAddresses([{ name: 'eth0', inet: '10.0.0.5/24', inet6: 'fd00::5/64' }])).toEqual([
      '10.0.0.5',
      'fd00::5',
    ]);
  });

  it('none while it boots', () => {
    expect(parseAddresses(null)).toEqual([]);
    expect(parseAddresses([])).toEqual([]);
  });
});

import { describe, expect, it } from 'vitest';
import { decodeDesired, encodeDesired } from '../../../src/desired/json.ts';
import { resolve } from '../../../src/desired/resolve.ts';
import type { Definition, InterfaceDefinition, Written } from '../../../src/model/definition.ts';
import { ProblemsError } from '../../../src/model/errors.ts';
import type { Settings } from '../../../src/model/settings.ts';

const SETTINGS: Settings = {
  connection: { hosts: ['pve'], port: 8006, trust: { kind: 'system' } },
  site: 'home',
  stateDirectory: '/state',
  vmidBase: 1000,
  storage: 'tank',
  templateStorage: 'local',
  network: { bridge: 'vmbr0', interface: 'eth0', prefix: 24, gateway: '192.168.178.1', nameserver: '192.168.178.1' },
  timezone: 'Etc/UTC',
  locale: 'C.UTF-8',
  upgrade: false,
  sshKeys: [],
  candidateVmidBase: 900_000,
  candidateAddresses: 'dhcp',
  debug: false,
};
const LOCAL: Settings = {
  ...SETTINGS,
  network: { bridge: 'vmbr0', interface: 'eth0', prefix: 24, translate: '10.91.0.0/16' },
};
const WHO = { name: 'apache', owner: 'srv/apache', stage: 'main' };

const w = <T>(key: string, line: number, value: T, lines: Readonly<Record<string, number>> = {}): Written<T> => ({
  value,
  file: 'container.yml',
  line,
  key,
  lines,
});
const definition = (fields: Partial<Definition>): Definition => ({
  directory: '/libs/apache',
  files: ['container.yml'],
  engine: 'shell',
  ...fields,
});
const of = (fields: Partial<Definition>, settings = SETTINGS) => resolve(definition(fields), settings, WHO);
const nets = (list: readonly InterfaceDefinition[], lines: Readonly<Record<string, number>> = {}) => ({
  interfaces: w('interfaces', 3, list, lines),
});

function problemsOf(fields: Partial<Definition>, settings = SETTINGS): readonly string[] {
  try {
    of(fields, settings);
    return [];
  } catch (error) {
    if (!(error instanceof ProblemsError)) throw error;
    return error.problems.map(({ line, key, message }) => `${line} ${key}: ${message}`);
  }
}

describe('interfaces', () => {
  it('in full, with the defaults of the site', () => {
    expect(
      of(nets([{ ip: '192.168.178.42' }, { ip: '10.0.0.5/16', vlan: 20 }, { ip: 'none', ip6: 'auto' }])).interfaces,
    ).toEqual([
      {
        index: 0,
        name: 'eth0',
        bridge: 'vmbr0',
        ipv4: { kind: 'static', address: '192.168.178.42', prefix: 24, gateway: '192.168.178.1' },
        described: true,
        connected: true,
      },
      {
        index: 1,
        name: 'eth1',
        bridge: 'vmbr0',
        ipv4: { kind: 'static', address: '10.0.0.5', prefix: 16 },
        described: true,
        vlan: 20,
        connected: true,
      },
      {
        index: 2,
        name: 'eth2',
        bridge: 'vmbr0',
        ipv4: { kind: 'none' },
        described: true,
        ipv6: { kind: 'auto' },
        connected: true,
      },
    ]);
  });

  it.each<[string, readonly InterfaceDefinition[], readonly (string | undefined)[]]>([
    [
      'the first with an address in its network',
      [{ ip: 'dhcp' }, { ip: '192.168.178.42' }],
      [undefined, '192.168.178.1'],
    ],
    ['nobody, where it is in no network', [{ ip: '10.0.0.5' }, { ip: '10.1.0.5' }], [undefined, undefined]],
    [
      'nobody, where one is written',
      [{ ip: '192.168.178.42' }, { ip: '10.0.0.5/24', gateway: '10.0.0.1' }],
      [undefined, '10.0.0.1'],
    ],
  ])('the site’s gateway goes to %s', (_, list, gateways) => {
    const found = of(nets(list)).interfaces.map(({ ipv4 }) => (ipv4.kind === 'static' ? ipv4.gateway : undefined));
    expect(found).toEqual(gateways);
  });

  it('say everything that Proxmox VE has for them', () => {
    const full = {
      name: 'lan0',
      bridge: 'vmbr7',
      ip: 'manual',
      ip6: 'fd00::5/48',
      gateway6: 'fd00::1',
      trunks: [30, 4],
      mac: 'bc:24:11:00:00:2a',
      mtu: 9000,
      rate: 2.5,
      firewall: false,
      connected: false,
    };
    expect(of(nets([full])).interfaces).toEqual([
      {
        index: 0,
        name: 'lan0',
        bridge: 'vmbr7',
        ipv4: { kind: 'manual' },
        described: true,
        ipv6: { kind: 'static', address: 'fd00::5', prefix: 48, gateway: 'fd00::1' },
        trunks: [4, 30],
        mac: 'BC:24:11:00:00:2A',
        mtu: 9000,
        rate: 2.5,
        firewall: false,
        connected: false,
      },
    ]);
  });

  it('on a local node have its bridge and its range, each with its own last two numbers; IPv6 stays as it is written', () => {
    const list = [
      { bridge: 'vmbr9', ip: '192.168.178.42', ip6: 'fd00::5/64' },
      { ip: '10.0.4.5/24', vlan: 20 },
    ];
    expect(of(nets(list), LOCAL).interfaces).toMatchObject([
      {
        bridge: 'vmbr0',
        ipv4: { address: '10.91.178.42', prefix: 16, gateway: '10.91.0.1' },
        ipv6: { address: 'fd00::5' },
      },
      { bridge: 'vmbr0', ipv4: { address: '10.91.4.5', prefix: 16, written: '10.0.4.5' }, vlan: 20 },
    ]);
    const second = of(nets(list), LOCAL).interfaces[1]?.ipv4;
    expect(second).not.toHaveProperty('gateway');
  });

  it('in short: IPv6 and VLAN beside the address', () => {
    const fields = {
      ip: w('ip', 1, 'dhcp'),
      ip6: w('ip6', 2, 'fd00::5/64'),
      gateway6: w('gateway6', 3, 'fe80::1'),
      vlan: w('vlan', 4, 20),
    };
    expect(of(fields).interfaces).toMatchObject([
      {
        described: false,
        ipv4: { kind: 'dhcp' },
        ipv6: { kind: 'static', address: 'fd00::5', prefix: 64, gateway: 'fe80::1' },
        vlan: 20,
      },
    ]);
  });

  it.each<[string, Partial<Definition>, Settings, readonly string[]]>([
    [
      'an address that is none, at its line',
      nets([{ ip: 'dhcp' }, { ip: '10.0.0.255/24' }], { '1.ip': 9 }),
      SETTINGS,
      ['9 interfaces[1].ip: 10.0.0.255/24 is the broadcast address'],
    ],
    [
      'a gateway elsewhere',
      nets([{ ip: '10.0.0.5/24', gateway: '10.1.0.1' }], { '0.gateway': 8 }),
      SETTINGS,
      ['8 interfaces[0].gateway: 10.1.0.1 is not in the network of 10.0.0.5/24'],
    ],
    [
      'two that come to one address here',
      nets([{ ip: '10.0.4.5/24' }, { ip: '10.1.4.5/24' }], { '1.ip': 7 }),
      LOCAL,
      ['7 interfaces[1].ip: comes to 10.91.4.5, as another one does'],
    ],
    [
      'an IPv6 gateway without an address',
      { gateway6: w('gateway6', 5, 'fd00::1') },
      SETTINGS,
      ['5 gateway6: has no use without IP6'],
    ],
  ])('%s is refused', (_, fields, settings, problems) => {
    expect(problemsOf(fields, settings)).toEqual(problems);
  });
});

describe('volumes, mounts and devices', () => {
  const volumes = w(
    'volumes',
    5,
    {
      data: { kind: 'keep', path: '/srv/data', size: 8 },
      logs: {
        kind: 'keep',
        path: '/logs',
        storage: 'fast',
        size: 1,
        backup: false,
        readOnly: true,
        options: ['nodev', 'noatime'],
        acl: true,
      },
      old: { kind: 'delete' },
    } as const,
    { 'data.path': 6 },
  );

  it('are told apart, with the site’s storage and the defaults', () => {
    expect(of({ volumes })).toMatchObject({
      volumes: [
        { name: 'data', path: '/srv/data', storage: 'tank', size: 8, backup: true, readOnly: false, options: [] },
        {
          name: 'logs',
          path: '/logs',
          storage: 'fast',
          size: 1,
          backup: false,
          readOnly: true,
          options: ['noatime', 'nodev'],
          acl: true,
        },
      ],
      deletedVolumes: ['old'],
    });
    expect(of({ volumes }).volumes[0]).not.toHaveProperty('acl');
  });

  it('a device of MOUNT is one of devices', () => {
    const mounts = w('mount', 2, [
      { kind: 'share', readOnly: true },
      { kind: 'device', path: '/dev/a' },
    ] as const);
    const devices = w('devices', 4, [{ kind: 'device', path: '/dev/b', mode: '0600' }] as const);
    expect(of({ mounts, devices })).toMatchObject({
      mounts: [],
      share: { from: { container: 'share' }, name: 'share', readOnly: true },
      devices: [{ path: '/dev/a' }, { path: '/dev/b', mode: '0600' }],
    });
  });

  it('each path has one use, and the line of the other is said', () => {
    const mounts = w('mount', 2, [
      { kind: 'bind', host: '/a', path: '/srv/data/' },
      { kind: 'device', path: '/dev/a' },
    ] as const);
    const devices = w('devices', 4, [{ kind: 'device', path: '/dev/a' }] as const);
    expect(problemsOf({ mounts, volumes, devices })).toEqual([
      '4 devices: names /dev/a, as mount does',
      '6 volumes.data.path: mounts /srv/data, as mount does',
    ]);
  });

  it('are not more than the owner mark has room for', () => {
    const many = Object.fromEntries(
      Array.from({ length: 17 }, (_, n) => [`v${n}`, { kind: 'keep', path: `/v${n}`, size: 1 }]),
    );
    expect(problemsOf({ volumes: w('volumes', 5, many as never) })).toEqual(['5 volumes: has 17 volumes']);
  });
});

describe('the rest of a definition', () => {
  it('is taken as it is written', () => {
    const fields: Partial<Definition> = {
      nodes: w('node', 1, ['pve2', 'pve1']),
      cpuLimit: w('cpu_limit', 2, 1.5),
      cpuUnits: w('cpu_units', 3, 200),
      features: w('features', 4, { nesting: false, fuse: true, mount: ['nfs', 'cifs'] }),
      pool: w('pool', 5, 'web'),
      tags: w('tags', 6, ['b', 'a']),
      description: w('description', 7, 'Text'),
      protection: w('protection', 8, false),
      startup: w('startup', 9, { order: 1 }),
      depends: w('depends', 10, ['db', 'srv/mq']),
      secrets: w('secrets', 11, ['DB_PASSWORD']),
      wayBack: w('way_back', 12, 'backup' as const),
      nameserver: w('nameserver', 13, ['1.1.1.1', 'fd00::53']),
      searchdomain: w('searchdomain', 14, 'a.example b.example'),
    };
    const desired = of(fields);
    expect(desired).toMatchObject({
      nodes: ['pve2', 'pve1'],
      cpuLimit: 1.5,
      cpuUnits: 200,
      features: { nesting: false, keyctl: false, fuse: true, mknod: false, mount: ['cifs', 'nfs'] },
      pool: 'web',
      tags: ['b', 'a'],
      description: 'Text',
      protection: false,
      startup: { order: 1 },
      depends: ['db', 'srv/mq'],
      secrets: ['DB_PASSWORD'],
      wayBack: 'backup',
      nameserver: '1.1.1.1 fd00::53',
      searchdomain: 'a.example b.example',
    });
    expect(decodeDesired(encodeDesired(desired))).toEqual(desired);
  });

  it('what nobody wrote is absent, or its default', () => {
    const desired = of({});
    for (const key of ['cpuLimit', 'cpuUnits', 'pool', 'tags', 'description', 'protection', 'startup'])
      expect(desired).not.toHaveProperty(key);
    expect(desired).toMatchObject({
      nodes: [],
      volumes: [],
      devices: [],
      depends: [],
      secrets: [],
      wayBack: 'auto',
      nameserver: '192.168.178.1',
    });
  });

  it('a local node answers names itself', () => {
    expect(of({ nameserver: w('nameserver', 1, ['192.168.178.53']) }, LOCAL)).not.toHaveProperty('nameserver');
  });

  it.each(['apache', 'srv/apache'])('%s does not depend on itself', (name) => {
    expect(problemsOf({ depends: w('depends', 4, ['db', name], { '1': 5 }) })).toEqual([
      `5 depends[1]: ${name} is this container itself`,
    ]);
  });
});

it('everything between the actions comes back whole', () => {
  const desired = of({
    ...nets([
      {
        ip: '10.0.0.5/24',
        ip6: 'fd00::5/64',
        gateway6: 'fd00::1',
        vlan: 2,
        trunks: [3],
        mac: 'BC:24:11:00:00:2A',
        mtu: 1400,
        rate: 0.5,
        firewall: true,
      },
    ]),
    volumes: w('volumes', 1, {
      data: { kind: 'keep', path: '/d', size: 1, acl: true, quota: false, replicate: true },
    } as const),
    devices: w('devices', 1, [
      { kind: 'device', path: '/dev/a', mode: '0600', uid: 1, gid: 2, denyWrite: true },
    ] as const),
    mounts: w('mount', 1, [{ kind: 'bind', host: '/a', path: '/b', readOnly: true }] as const),
  });
  expect(decodeDesired(encodeDesired(desired))).toEqual(desired);
});

import { describe, expect, it } from 'vitest';
import { DESIRED_LIMIT, decodeDesired, encodeDesired } from '../../../src/desired/json.ts';
import { resolve } from '../../../src/desired/resolve.ts';
import type { Definition, Written } from '../../../src/model/definition.ts';
import type { Desired } from '../../../src/model/desired.ts';
import type { Settings } from '../../../src/model/settings.ts';

const w = <T>(value: T): Written<T> => ({ value, file: 'container.yml', line: 7, key: 'key' });

const SETTINGS: Settings = {
  connection: { hosts: ['pve'], port: 8006, trust: { kind: 'system' }, password: 'hunter2', user: 'root@pam' },
  site: 'home',
  stateDirectory: '/state',
  vmidBase: 1000,
  candidateVmidBase: 900_000,
  candidateAddresses: 'dhcp',
  storage: 'tank',
  templateStorage: 'isos',
  network: { bridge: 'vmbr9', interface: 'lan0', prefix: 24, nameserver: '9.9.9.9', searchdomain: 'home' },
  timezone: 'Europe/Berlin',
  locale: 'de_DE.UTF-8',
  upgrade: true,
  sshKeys: ['ssh-ed25519 AAAA me'],
  login: 'me',
  password: 'hunter3',
  debug: false,
};

const WHO = { name: 'apache', owner: 'srv/apache', stage: 'develop', commit: 'c'.repeat(40) };

const FULL: Definition = {
  directory: '/libs/apache',
  files: ['container.yml'],
  engine: 'shell',
  id: w(42),
  hostname: w('web'),
  ip: w('192.168.178.42'),
  bridge: w('vmbr1'),
  cores: w(2),
  memory: w(1024),
  swap: w(0),
  disk: w({ storage: 'local-lvm', size: 20 }),
  boot: w(false),
  mounts: w([
    { kind: 'share' },
    { kind: 'bind', host: '/a', path: '/b' },
    { kind: 'device', path: '/dev/ttyUSB0' },
  ] as const),
  state: w('absent' as const),
  template: w('debian-12'),
  unprivileged: w(false),
  nesting: w(false),
  health: w([
    { kind: 'unit', unit: 'apache2' },
    { kind: 'tcp', port: 80 },
    { kind: 'http', url: 'http://:80/', status: 200, contains: 'Hello' },
    { kind: 'command', command: 'true' },
  ] as const),
};

const DESIRED: Desired = {
  version: 1,
  name: 'apache',
  stage: 'develop',
  owner: 'srv/apache',
  commit: 'c'.repeat(40),
  state: 'absent',
  vmid: { kind: 'fixed', vmid: 1042, id: 42, base: 1000 },
  nodes: [],
  hostname: 'web',
  template: { kind: 'newest', os: 'debian', release: '12' },
  templateStorage: 'isos',
  unprivileged: false,
  features: { nesting: false, keyctl: false, fuse: true, mknod: false, mount: [] },
  cores: 2,
  memory: 1024,
  swap: 0,
  rootfs: { storage: 'local-lvm', size: 20 },
  onboot: false,
  interfaces: [
    {
      index: 0,
      name: 'lan0',
      bridge: 'vmbr1',
      ipv4: { kind: 'static', address: '192.168.178.42', prefix: 24 },
      described: false,
      connected: true,
    },
  ],
  nameserver: '9.9.9.9',
  searchdomain: 'home',
  volumes: [],
  deletedVolumes: [],
  mounts: [{ kind: 'bind', host: '/a', path: '/b' }],
  devices: [{ path: '/dev/ttyUSB0' }],
  share: { from: { container: 'share' }, name: 'share', readOnly: false },
  depends: ['share'],
  secrets: [],
  wayBack: 'auto',
  baseline: { timezone: 'Europe/Berlin', locale: 'de_DE.UTF-8', upgrade: true, sshKeys: ['ssh-ed25519 AAAA me'] },
  engine: 'shell',
  health: [
    { kind: 'unit', unit: 'apache2' },
    { kind: 'tcp', port: 80 },
    { kind: 'http', url: 'http://:80/', status: 200, contains: 'Hello' },
    { kind: 'command', command: 'true' },
  ],
};

function refused(fields: Partial<Definition>, settings: Settings = SETTINGS): string {
  try {
    resolve({ ...FULL, ...fields }, settings, WHO);
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('nothing was wrong');
}

describe('resolve', () => {
  it('takes everything that the definition says, and the rest from the site', () => {
    expect(resolve(FULL, SETTINGS, WHO)).toEqual(DESIRED);
  });

  it('leaves out what nobody said', () => {
    const { cores: _, ...rest } = FULL;
    const bare = resolve(
      rest,
      { ...SETTINGS, network: { bridge: 'vmbr0', interface: 'eth0', prefix: 24 } },
      { name: 'a', owner: 'srv/a', stage: 'main' },
    );
    for (const key of ['cores', 'commit', 'nameserver', 'searchdomain', 'pool', 'tags'])
      expect(bare).not.toHaveProperty(key);
  });

  it('has one bridge on a local node', () => {
    const network = { ...SETTINGS.network, translate: '10.91.0.0/16' };
    expect(resolve(FULL, { ...SETTINGS, network }, WHO).interfaces[0]?.bridge).toBe('vmbr9');
  });

  it('prefixes only a name that nobody wrote', () => {
    const { hostname: _, ...rest } = FULL;
    expect(resolve(rest, SETTINGS, WHO).hostname).toBe('develop-apache');
    expect(resolve(FULL, SETTINGS, WHO).hostname).toBe('web');
  });

  const twice = [
    { kind: 'device', path: '/dev/a' },
    { kind: 'bind', host: '/x', path: '/dev/a/' },
  ] as const;
  it('takes a template of Ubuntu', () => {
    expect(resolve({ ...FULL, template: w('ubuntu-24.04') }, SETTINGS, WHO).template).toEqual({
      kind: 'newest',
      os: 'ubuntu',
      release: '24.04',
    });
  });

  it.each<[string, Partial<Definition>, string]>([
    ['a template of no known system', { template: w('arch-3') }, 'container.yml:7: key: names no template'],
    [
      'a template without sshd',
      { template: w('alpine-3.20') },
      'container.yml:7: key: names a template without an SSH',
    ],
    ['a path that is mounted twice', { mounts: w(twice) }, 'container.yml:7: key: mounts /dev/a twice'],
  ])('refuses %s', (_, fields, message) => {
    expect(refused(fields)).toContain(message);
  });

  it('refuses an id that the base lifts beyond the highest vmid', () => {
    const highest = { ...SETTINGS, vmidBase: 999_999_957 };
    expect(resolve(FULL, highest, WHO).vmid).toMatchObject({ vmid: 999_999_999 });
    expect(refused({}, { ...highest, vmidBase: 999_999_958 })).toContain('with vmid_base 999999958 is above 999999999');
  });

  it.each([
    [1, { kind: 'fixed', vmid: 1001, id: 1, base: 1000 }],
    [99, { kind: 'fixed', vmid: 1099, id: 99, base: 1000 }],
    [100, { kind: 'fixed', vmid: 100 }],
  ])('an id of %i is where Proxmox VE keeps numbers for itself, or not', (id, vmid) => {
    expect(resolve({ ...FULL, id: w(id) }, SETTINGS, WHO).vmid).toEqual(vmid);
  });

  it('takes a default host name of at most 63 characters', () => {
    const { hostname: _, ...rest } = FULL;
    const named = (name: string) => resolve(rest, SETTINGS, { ...WHO, stage: 'main', name }).hostname;
    expect(named('a'.repeat(63))).toHaveLength(63);
    expect(named(`${'a'.repeat(32)}.${'a'.repeat(31)}`)).toHaveLength(64);
    expect(() => named('a'.repeat(64))).toThrowError('is not a DNS name; write HOSTNAME');
    expect(() => named(`${'a'.repeat(32)}.${'a'.repeat(32)}`)).toThrowError('is not a DNS name');
    expect(() => named('my_app')).toThrowError('my_app is not a DNS name');
  });
});

describe('desired between the actions', () => {
  it('comes back whole, every field of it', () => {
    expect(decodeDesired(encodeDesired(DESIRED))).toEqual(DESIRED);
  });

  it('holds no secret of the settings', () => {
    expect(encodeDesired(resolve(FULL, SETTINGS, WHO))).not.toMatch(/hunter/);
  });

  it.each([0, 32])('takes a prefix of %i and the lowest vmid', (prefix) => {
    const ipv4 = { kind: 'static', address: '10.0.0.1', prefix } as const;
    const edge: Desired = {
      ...DESIRED,
      vmid: { kind: 'fixed', vmid: 100 },
      interfaces: [{ index: 0, name: 'eth0', bridge: 'vmbr0', ipv4, described: false, connected: true }],
    };
    expect(decodeDesired(encodeDesired(edge))).toEqual(edge);
  });

  it('comes back with the shorter choices too', () => {
    const other: Desired = {
      ...DESIRED,
      vmid: { kind: 'lowest' },
      template: { kind: 'volid', volid: 'local:vztmpl/x.tar.zst' },
      interfaces: [
        { index: 0, name: 'eth0', bridge: 'vmbr0', ipv4: { kind: 'dhcp' }, described: false, connected: true },
      ],
    };
    expect(decodeDesired(encodeDesired(other))).toEqual(other);
  });

  it.each([
    ['another version', { ...DESIRED, version: 2 }, 'its version is 2, expected 1', 'the same version'],
    ['an unknown key', { ...DESIRED, colour: 'red' }, 'Unrecognized key', 'the same version'],
    ['a value of another kind', { ...DESIRED, memory: '1024' }, 'memory', 'the same version'],
    [
      'a prefix that is none',
      {
        ...DESIRED,
        interfaces: [{ ...DESIRED.interfaces[0], ipv4: { kind: 'static', address: '10.0.0.1', prefix: 33 } }],
      },
      'prefix',
      'the same version',
    ],
    ['a vmid of Proxmox VE', { ...DESIRED, vmid: { kind: 'fixed', vmid: 99 } }, 'vmid', 'the same version'],
    ['no version', { name: 'x' }, 'its version is missing', 'unchanged'],
    ['a list', [], 'its version is missing', 'unchanged'],
  ])('is refused with %s', (_, value, message, advice) => {
    const decode = () => decodeDesired(JSON.stringify(value));
    expect(decode).toThrowError(message);
    expect(decode).toThrowError(
      expect.objectContaining({ kind: 'user', advice: [expect.stringContaining(advice)] }) as Error,
    );
  });

  it.each([
    ['\n', 'it is empty'],
    ['{"version":1', 'it is not JSON'],
    ['x'.repeat(DESIRED_LIMIT + 1), `it has ${DESIRED_LIMIT + 1} bytes`],
  ])('is refused before it is parsed', (json, message) => {
    expect(() => decodeDesired(json)).toThrowError(message);
  });

  it('counts bytes, not letters, and takes what is just not too long', () => {
    const filled = (letter: string, count: number): Desired => ({ ...DESIRED, hostname: letter.repeat(count) });
    const room = DESIRED_LIMIT - Buffer.byteLength(encodeDesired(filled('a', 0)));
    expect(Buffer.byteLength(encodeDesired(filled('a', room)))).toBe(DESIRED_LIMIT);
    expect(decodeDesired(encodeDesired(filled('a', room)))).toEqual(filled('a', room));
    expect(() => encodeDesired(filled('a', room + 1))).toThrowError(
      `${DESIRED_LIMIT + 1} bytes, at most ${DESIRED_LIMIT}`,
    );
    expect(() => encodeDesired(filled('ü', room))).toThrowError('at most');
  });
});

import { describe, expect, it } from 'vitest';
import { decodeDesired, encodeDesired } from '../../../src/desired/json.ts';
import { resolve } from '../../../src/desired/resolve.ts';
import type { Definition, Written } from '../../../src/model/definition.ts';
import { ProblemsError } from '../../../src/model/errors.ts';
import type { Settings } from '../../../src/model/settings.ts';

const SETTINGS: Settings = {
  connection: { hosts: ['pve'], port: 8006, trust: { kind: 'system' } },
  site: 'home',
  stateDirectory: '/state',
  vmidBase: 1000,
  candidateVmidBase: 900_000,
  candidateAddresses: 'dhcp',
  storage: 'local-lvm',
  templateStorage: 'local',
  network: { bridge: 'vmbr0', interface: 'eth0', prefix: 24, gateway: '192.168.178.1' },
  timezone: 'Etc/UTC',
  locale: 'C.UTF-8',
  upgrade: false,
  sshKeys: [],
  debug: false,
};
const LOCAL: Settings = {
  ...SETTINGS,
  network: { ...SETTINGS.network, translate: '10.91.0.0/16', gateway: '10.91.0.1' },
};
const WHO = { name: 'apache', owner: 'srv/apache', stage: 'main' };

let line = 0;
function w<T>(key: string, value: T): Written<T> {
  line += 1;
  return { value, file: 'config.env', line, key };
}

function definition(fields: Partial<Definition> = {}): Definition {
  return { directory: '/libs/apache', files: ['config.env'], engine: 'shell', ...fields };
}

function problemsOf(fields: Partial<Definition>, settings = SETTINGS, who = WHO): readonly string[] {
  try {
    resolve(definition(fields), settings, who);
    return [];
  } catch (error) {
    if (!(error instanceof ProblemsError)) throw error;
    return error.problems.map((problem) => `${problem.file}:${problem.line} ${problem.key}: ${problem.message}`);
  }
}

describe('resolve', () => {
  it('fills what the definition leaves out', () => {
    expect(resolve(definition(), SETTINGS, WHO)).toMatchObject({
      vmid: { kind: 'lowest' },
      hostname: 'apache',
      state: 'present',
      unprivileged: true,
      features: { nesting: true },
      memory: 512,
      swap: 512,
      rootfs: { storage: 'local-lvm', size: 8 },
      onboot: true,
      template: { kind: 'newest', os: 'debian' },
      interfaces: [{ index: 0, name: 'eth0', bridge: 'vmbr0', ipv4: { kind: 'dhcp' } }],
    });
  });

  it.each([
    [{ id: w('ID', 42) }, { kind: 'fixed', vmid: 1042, id: 42, base: 1000 }],
    [{ id: w('ID', 142) }, { kind: 'fixed', vmid: 142 }],
    [{ vmid: w('vmid', 5042) }, { kind: 'fixed', vmid: 5042 }],
  ])('a vmid of %o', (fields, vmid) => {
    expect(resolve(definition(fields), SETTINGS, WHO).vmid).toEqual(vmid);
  });

  it.each([
    ['192.168.178.42', SETTINGS, { address: '192.168.178.42', prefix: 24, gateway: '192.168.178.1' }],
    ['192.168.178.42/25', SETTINGS, { address: '192.168.178.42', prefix: 25, gateway: '192.168.178.1' }],
    ['192.168.178.42', LOCAL, { address: '10.91.178.42', prefix: 16, gateway: '10.91.0.1', written: '192.168.178.42' }],
  ])('an address of %s', (ip, settings, address) => {
    const [net] = resolve(definition({ ip: w('IP', ip) }), settings, WHO).interfaces;
    expect(net?.ipv4).toEqual({ kind: 'static', ...address });
  });

  it.each([
    ['main', 'apache'],
    ['local', 'apache'],
    ['develop', 'develop-apache'],
  ])('the host name of stage %s is %s', (stage, hostname) => {
    expect(resolve(definition(), SETTINGS, { ...WHO, stage }).hostname).toBe(hostname);
  });

  it.each([
    ['debian', { kind: 'newest', os: 'debian' }],
    ['debian-12', { kind: 'newest', os: 'debian', release: '12' }],
    ['nas:vztmpl/x.tar.zst', { kind: 'volid', volid: 'nas:vztmpl/x.tar.zst' }],
  ])('template %s', (text, template) => {
    const desired = resolve(definition({ template: w('TEMPLATE', text) }), SETTINGS, WHO);
    expect(desired.template).toEqual(template);
    expect(desired.templateStorage).toBe(text.startsWith('nas') ? 'nas' : 'local');
  });

  it('the share is served by another container, which comes first, and mounted by an engine', () => {
    const mounts = w('MOUNT', [{ kind: 'share' }] as const);
    const found = resolve(definition({ mounts, depends: w('depends', ['db']) }), SETTINGS, WHO);
    expect(found).toMatchObject({ depends: ['db', 'share'], mounts: [], features: { fuse: true } });
    expect(decodeDesired(encodeDesired(found))).toEqual(found);
    const named = resolve(definition({ mounts }), { ...SETTINGS, share: '//nas/files' }, WHO);
    expect(named).toMatchObject({ depends: [], share: { from: { host: 'nas' }, name: 'files' } });
    const bound = resolve(definition({ mounts }), { ...SETTINGS, share: '/tank' }, WHO);
    expect(bound).toMatchObject({ depends: [], mounts: [{ kind: 'share' }], features: { fuse: false } });
    expect(problemsOf({ mounts, engine: 'none' })).toEqual([
      `config.env:${mounts.line} MOUNT: share is mounted by the engine, and this definition has none`,
    ]);
    expect(problemsOf({ mounts }, SETTINGS, { ...WHO, name: 'share' })).toEqual([
      `config.env:${mounts.line} MOUNT: share is what this container serves itself`,
    ]);
  });

  it('names every conflict with the place where it was written', () => {
    const ip = w('IP', '192.168.178.255');
    const gateway = w('GATEWAY', '10.0.0.1');
    const mounts = w('MOUNT', [{ kind: 'share' }, { kind: 'bind', host: '/x', path: '/share' }] as const);
    expect(problemsOf({ ip, gateway, mounts })).toEqual([
      `config.env:${ip.line} IP: 192.168.178.255/24 is the broadcast address`,
      `config.env:${gateway.line} GATEWAY: 10.0.0.1 is not in the network of 192.168.178.255/24`,
      `config.env:${mounts.line} MOUNT: mounts /share twice`,
    ]);
  });

  it.each([
    ['192.168.0.1', LOCAL, /its gateway address/],
    ['10.0.0.0/8', LOCAL, /network address/],
    ['192.168.178.1', SETTINGS, /own address/],
  ])('%s is refused', (ip, settings, message) => {
    expect(problemsOf({ ip: w('IP', ip) }, settings).join()).toMatch(message);
  });

  it('a repository’s name that is no host name asks for HOSTNAME', () => {
    expect(problemsOf({}, SETTINGS, { ...WHO, name: 'my_app' })).toEqual([
      'config.env:undefined HOSTNAME: my_app is not a DNS name',
    ]);
  });
});

describe('desired as JSON', () => {
  const desired = resolve(definition({ id: w('ID', 42), ip: w('IP', '192.168.178.42') }), SETTINGS, {
    ...WHO,
    commit: 'abc',
  });

  it('comes back as it was', () => {
    expect(decodeDesired(encodeDesired(desired))).toEqual(desired);
  });

  it.each([
    ['', 'it is empty'],
    ['{', 'it is not JSON'],
    ['null', 'its version is missing'],
    ['{"version":2}', 'its version is 2, expected 1'],
    ['{"version":1}', 'Invalid input'],
  ])('%s is refused: %s', (text, reason) => {
    expect(() => decodeDesired(text)).toThrow(
      `Unable to read the input desired: ${reason.startsWith('Inv') ? '' : reason}`,
    );
  });

  it('is refused above 64 KiB', () => {
    const long = {
      ...desired,
      baseline: { ...desired.baseline, sshKeys: Array(100).fill('k'.repeat(1000)) as string[] },
    };
    expect(() => encodeDesired(long)).toThrow('at most 65536');
  });
});

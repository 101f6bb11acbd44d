import { describe, expect, it } from 'vitest';
import type { Settings, Trust } from '../../../src/model/settings.ts';
import { setupCommands } from '../../../src/setup/commands.ts';
import { configText, mergeConfig } from '../../../src/setup/config-file.ts';
import { configValues } from '../../../src/setup/values.ts';
import { wishOf } from '../../../src/setup/wish.ts';

const SETTINGS = {
  storage: 'tank',
  templateStorage: 'local',
  network: { bridge: 'vmbr0' },
  connection: { hosts: ['pve'], port: 8006, trust: { kind: 'fingerprint', sha256: 'AA' } },
} as unknown as Settings;
const WISH = wishOf({
  settings: SETTINGS,
  token: 'gitops@pve!deploy',
  major: 9,
  storages: ['local', 'big'],
  zone: 'localnetwork',
});

describe('what setup wishes', () => {
  it('one role on the pool, each storage once, and the bridge', () => {
    expect(WISH.paths).toEqual([
      '/pool/gitops',
      '/storage/tank',
      '/storage/local',
      '/storage/big',
      '/sdn/zones/localnetwork/vmbr0',
    ]);
    expect(WISH.user).toBe('gitops@pve');
  });

  it('as commands, in an order in which each finds what it names', () => {
    const lines = setupCommands(WISH);
    const first = (text: string): number => lines.findIndex((line) => line.includes(text));
    expect(first('pool add')).toBeLessThan(first('acl modify'));
    expect(first('role add')).toBeLessThan(first('acl modify'));
    expect(first('user add')).toBeLessThan(first('token add'));
    expect(first('token add')).toBeLessThan(first('acl modify'));
    expect(lines.at(-1)).toBe(
      "pveum acl modify /sdn/zones/localnetwork/vmbr0 --users gitops@pve --tokens 'gitops@pve!deploy' --roles GitOps",
    );
  });
});

describe('the settings file', () => {
  it('keeps what is not ours, says what is new, and stays as it is when nothing is', () => {
    const text = '{ "login": "x", "proxmox": { "host": "old", "user": "root@pam" } }';
    const merged = mergeConfig('f', text, { 'proxmox.host': 'pve', 'network.bridge': 'vmbr0' });
    expect(JSON.parse(merged.text)).toEqual({
      login: 'x',
      proxmox: { host: 'pve', user: 'root@pam' },
      network: { bridge: 'vmbr0' },
    });
    expect(merged.changed).toEqual(['proxmox.host', 'network.bridge']);
    expect(mergeConfig('f', merged.text, { 'proxmox.host': 'pve' })).toEqual({ text: merged.text, changed: [] });
    expect(mergeConfig('f', text, { 'proxmox.host': 'old' }).text).toBe(text);
  });

  it('is made when there is none', () => {
    expect(mergeConfig('f', undefined, { 'proxmox.host': ['a', 'b'] }).text).toBe(
      '{\n  "proxmox": {\n    "host": [\n      "a",\n      "b"\n    ]\n  }\n}\n',
    );
  });

  it.each(['not json', '[]', '"x"', '{"proxmox": "secret"}'])('%s is refused without a quote', (text) => {
    expect(() => mergeConfig('f', text, { 'proxmox.host': 'pve' })).toThrow(/^Unable to add to settings f: /);
    expect(() => mergeConfig('f', text, { 'proxmox.host': 'pve' })).not.toThrow(/secret/);
  });

  it('gives texts by path', () => {
    expect(configText('f', '{"a":{"b":"c"}}', 'a.b')).toBe('c');
    expect(configText('f', '{"a":{"b":""}}', 'a.b')).toBeUndefined();
    expect(configText('f', undefined, 'a.b')).toBeUndefined();
  });
});

describe('the values in it', () => {
  const values = (trust: Trust, more: Partial<Parameters<typeof configValues>[0]> = {}) =>
    configValues({
      settings: { ...SETTINGS, connection: { ...SETTINGS.connection, trust } },
      wish: WISH,
      hosts: [{ host: 'pve', fingerprint: 'AA' }],
      onNode: false,
      node: undefined,
      caFile: false,
      ...more,
    });
  const two = [
    { host: 'a', fingerprint: 'AA' },
    { host: 'b', fingerprint: 'BB' },
  ];

  it.each<[string, Trust, Partial<Parameters<typeof configValues>[0]>, unknown]>([
    ['a pinned certificate', { kind: 'fingerprint', sha256: 'AA' }, {}, 'AA'],
    ['one that a CA file vouches for', { kind: 'ca', pem: 'x' }, {}, 'AA'],
    ['the file names that CA itself', { kind: 'ca', pem: 'x' }, { caFile: true }, undefined],
    ['public CAs, whose certificates come and go', { kind: 'system' }, {}, undefined],
    ['the node’s own word', { kind: 'system' }, { onNode: true }, 'AA'],
    ['two hosts with certificates of their own', { kind: 'ca', pem: 'x' }, { hosts: two }, { a: 'AA', b: 'BB' }],
    ['one of two pinned', { kind: 'fingerprints', byHost: { b: 'BB' } }, { hosts: two }, { b: 'BB' }],
    [
      'one of two reached',
      { kind: 'fingerprint', sha256: 'AA' },
      { hosts: [{ host: 'a' }, { host: 'b', fingerprint: 'AA' }] },
      'AA',
    ],
  ])('%s', (_, trust, more, expected) => {
    expect(values(trust, more)['proxmox.fingerprint']).toEqual(expected);
  });

  it('several hosts are a list; a node and a port only where they are needed', () => {
    const found = values({ kind: 'system' }, { hosts: two, node: 'pve' });
    expect(found).toMatchObject({ 'proxmox.host': ['a', 'b'], 'proxmox.node': 'pve' });
    expect('proxmox.port' in found).toBe(false);
  });
});

import { describe, expect, it } from 'vitest';
import { newDisk } from '../../../../local/node/guests/mount-point.ts';
import { cleanupPending, mergedValues } from '../../../../local/node/guests/pending.ts';
import { formatSize, parseSize } from '../../../../local/node/guests/size.ts';
import { areSshPublicKeys } from '../../../../local/node/guests/ssh-keys.ts';
import { uniqueTags } from '../../../../local/node/guests/tags.ts';

describe('sizes', () => {
  it.each([
    [0, '0T'],
    [716 * 1024 ** 2, '716M'],
    [1536 * 1024 ** 2, '1536M'],
    [1024 ** 3, '1G'],
    [2 * 1024 ** 4, '2T'],
    [1000, '1000'],
    [3 * 1024, '3K'],
  ])('%i is %s', (bytes, text) => {
    expect(formatSize(bytes)).toBe(text);
    expect(parseSize(text)).toBe(bytes);
  });

  it('knows a volume that is to be made from one that is named', () => {
    expect(newDisk('local-lvm:8')).toEqual({ storage: 'local-lvm', gib: 8 });
    expect(newDisk('local-btrfs:0.7')).toEqual({ storage: 'local-btrfs', gib: 0.7 });
    expect(newDisk('local-btrfs:1G')).toBeUndefined();
    expect(newDisk('local-lvm:vm-100-disk-0')).toBeUndefined();
  });
});

describe('tags', () => {
  it.each([
    ['Prod;web,db prod;2x', '2x;db;prod;web'],
    ['a;B;a', 'a;b'],
    ['', ''],
  ])('%s are stored as %s', (given, stored) => {
    expect(uniqueTags(given)).toBe(stored);
  });
});

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ4Jt5aV1kE0m2m2kTqkI2m0yq2hKk3S1mH0o1dZ1m9b';

describe('SSH keys', () => {
  it.each([
    `${KEY} me@x`,
    KEY,
    `${KEY}\n\n${KEY}\n`,
    `cert-authority,principals="root" ${KEY}`,
    `command="echo a b" ${KEY} x`,
  ])('are keys: %s', (text) => {
    expect(areSshPublicKeys(text)).toBe(true);
  });

  it.each(['hello', 'ssh-ed25519', 'ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIJ4J', `${KEY}\nhello`, `# mine\n${KEY}`])(
    'are none: %s',
    (text) => {
      expect(areSshPublicKeys(text)).toBe(false);
    },
  );
});

describe('pending changes', () => {
  it('show as if applied, and go when they change nothing', () => {
    const config = {
      values: { memory: '128', features: 'nesting=1', mp0: 'x' },
      raw: [],
      pending: { memory: '128', tty: '1', features: 'nesting=0', delete: 'mp0,gone' },
      snapshots: {},
    };
    cleanupPending(config);
    expect(config.pending).toEqual({ tty: '1', features: 'nesting=0', delete: 'mp0' });
    expect(mergedValues(config)).toEqual({ memory: '128', features: 'nesting=0', tty: '1' });
  });
});

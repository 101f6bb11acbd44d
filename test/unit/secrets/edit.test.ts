import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSecretKeys } from '../../../src/adapters/keys/secret-keys.ts';
import type { SecretKeys } from '../../../src/model/secret-keys.ts';
import { listSecrets, removeSecret, rotateFile, setSecret } from '../../../src/secrets/edit.ts';

let folder: string;
let keys: SecretKeys;
let others: SecretKeys;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pve-gitops-secrets-'));
  const of = (name: string) =>
    createSecretKeys({ stateDirectory: join(folder, name), shared: join(folder, 'no-such-file') });
  keys = of('site');
  others = of('other');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const file = 'secrets.env';

describe('set', () => {
  it('writes one line per value, and no value', async () => {
    const first = await setSecret(keys, { file, text: undefined }, 'DB_PASSWORD', 'correct-horse');
    const second = await setSecret(keys, { file, text: first.text }, 'TOKEN', 'battery-staple');
    expect(second.text).toMatch(/^# pve-gitops secrets, for age1\w+\nDB_PASSWORD=age:[\w+/=]+\nTOKEN=age:[\w+/=]+\n$/);
    expect(second.text).not.toMatch(/correct|battery/);
    // Only the line that was set differs.
    const changed = await setSecret(keys, { file, text: second.text }, 'TOKEN', 'another');
    expect(changed.text.split('\n').map((line, index) => line === second.text.split('\n')[index])).toEqual([
      true,
      true,
      false,
      true,
    ]);
  });

  it('keeps comments, and needs no private key where the file names its key', async () => {
    const recipient = await others.recipient();
    const before = `# pve-gitops secrets, for ${recipient}\n\n# of the mail server\n`;
    const { text, recipient: used } = await setSecret(keys, { file, text: before }, 'SMTP_WORD', 'word');
    expect(used).toBe(recipient);
    expect(text.startsWith(before)).toBe(true);
    expect(await listSecrets(others, { file, text })).toEqual([{ name: 'SMTP_WORD', file, line: 4, state: 'open' }]);
    expect(await listSecrets(keys, { file, text })).toMatchObject([{ state: 'other key' }]);
  });

  it.each([
    ['lower', 'x', /upper-case/],
    ['PATH', 'x', /PATH is taken already/],
    ['EMPTY', '', /it is empty/],
    ['NUL', 'a\0b', /zero byte/],
  ])('refuses %s', async (name, value, reason) => {
    await expect(setSecret(keys, { file, text: undefined }, name, value)).rejects.toThrow(reason);
  });

  it('does not mix values for two keys in one file', async () => {
    const { text } = await setSecret(keys, { file, text: undefined }, 'ONE', 'value');
    await expect(setSecret(keys, { file, text }, 'TWO', 'value', await others.recipient())).rejects.toThrow(
      /the values of secrets.env are for age1/,
    );
    const moved = await setSecret(keys, { file, text }, 'ONE', 'value', await others.recipient());
    expect(moved.text).toContain(await others.recipient());
    await expect(setSecret(keys, { file, text }, 'TWO', 'value', 'age1wrong')).rejects.toThrow(/expected a public key/);
  });
});

describe('a file with mistakes', () => {
  it('names line, key and fix of all of them, and quotes no value', async () => {
    const text = [
      'PLAIN=correct-horse-battery',
      'lower=age:YWdl',
      'SHORT=age:YWdl',
      'no line at all',
      '# pve-gitops secrets, for nobody',
    ].join('\n');
    const failed = listSecrets(keys, { file, text });
    await expect(failed).rejects.toThrow(/5 problems/);
    await expect(failed).rejects.toThrow(/secrets.env:1: PLAIN: is not encrypted/);
    await expect(failed).rejects.toThrow(/secrets.env:2: expected a name/);
    await expect(failed).rejects.toThrow(/secrets.env:3: SHORT: is damaged/);
    await expect(failed).rejects.toThrow(/secrets.env:4: expected NAME=age/);
    await expect(failed).rejects.not.toThrow(/correct/);
  });

  it('a name that stands twice', async () => {
    const { text } = await setSecret(keys, { file, text: undefined }, 'ONE', 'value');
    const twice = `${text}${text.split('\n')[1]}\n`;
    await expect(listSecrets(keys, { file, text: twice })).rejects.toThrow(/:3: ONE: stands on line 2 already/);
  });
});

describe('remove', () => {
  it('takes out one line; what is not there is an error', async () => {
    const { text } = await setSecret(keys, { file, text: undefined }, 'ONE', 'value');
    expect(removeSecret({ file, text }, 'ONE')).toMatch(/^# pve-gitops secrets, for age1\w+\n$/);
    expect(() => removeSecret({ file, text }, 'TWO')).toThrow(/does not have it/);
  });
});

describe('rotate', () => {
  it('encrypts every value anew, or nothing', async () => {
    const one = await setSecret(keys, { file, text: undefined }, 'ONE', 'first');
    const { text } = await setSecret(keys, { file, text: one.text }, 'TWO', 'second');
    const fresh = await keys.renew();
    const rotated = await rotateFile(keys, { file, text }, fresh);
    expect(rotated.count).toBe(2);
    expect(rotated.text).toContain(`for ${fresh}\n`);
    await keys.forgetOld();
    expect(await listSecrets(keys, { file, text: rotated.text })).toMatchObject([{ state: 'open' }, { state: 'open' }]);
    expect(await listSecrets(keys, { file, text })).toMatchObject([{ state: 'other key' }, { state: 'other key' }]);
    await expect(rotateFile(keys, { file, text }, fresh)).rejects.toThrow(/2 cannot be read here/);
  });
});

import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSecretKeys } from '../../../../src/adapters/keys/secret-keys.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pve-gitops-secret-keys-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const keys = (name = 'state') =>
  createSecretKeys({ stateDirectory: join(folder, name), shared: join(folder, 'shared') });
const own = (name = 'state') => join(folder, name, 'ca', 'secrets-key');

describe('the key for secrets', () => {
  it('is made once, and nobody else can read it', async () => {
    const recipient = await keys().recipient();
    expect(recipient).toMatch(/^age1[a-z0-9]{58}$/);
    expect(await keys().recipient()).toBe(recipient);
    expect(statSync(own()).mode & 0o777).toBe(0o600);
    expect(readFileSync(own(), 'utf8')).toContain(`# public key: ${recipient}\nAGE-SECRET-KEY-1`);
  });

  it('opens what was sealed, whatever is in it', async () => {
    const value = 'line one\nline "two" $three\n\ufeffümlaut';
    const sealed = await keys().seal(value, await keys().recipient());
    expect(Buffer.from(sealed).toString('latin1')).not.toContain('line');
    expect(await keys().open(sealed)).toEqual({ kind: 'open', value });
  });

  it('tells no key, another key and damage apart, and makes no key to find out', async () => {
    const sealed = await keys('other').seal('value', await keys('other').recipient());
    expect(await keys().open(sealed)).toEqual({ kind: 'no key' });
    expect(await keys().recipients()).toEqual([]);
    await keys().recipient();
    expect(await keys().open(sealed)).toEqual({ kind: 'other key' });
    sealed[sealed.length - 1] = (sealed.at(-1) ?? 0) ^ 1;
    expect(await keys('other').open(sealed)).toEqual({ kind: 'damaged' });
  });

  it('opens what the age program made', async () => {
    // printf '%s' 'from the age program' | age -r RECIPIENT | base64 -w0
    writeFileSync(
      join(folder, 'shared'),
      'AGE-SECRET-KEY-1ENNF76FQ0TUAKN6G7YK029VN7HPLEG5CZKXU7VZ6AUSY5D0PZ3WSP3XK24\n',
      { mode: 0o640 },
    );
    const sealed = Buffer.from(
      'YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSBvUitRcHlRdnNNeVJKUk9lTXZ2M01ZV3FRcnlqbHYyMnpocWtzTGpZeVYwCko5TVBEY1ROZitEcktybVNZOVRoYkxjVnJIWGNwejg4VjJDSmtKbkJYWUkKLS0tIHAxYjFNVUlRWWwwZld5V0F3L09rckNJcTR4MEJSZGxld3ZsdzBDRlREOG8KCe3g5z1TAjjf+odWz0DBImTjpW8uPaTieueS8fatGCdJvnS8f4QYrgBX972EINKNRIn0bw==',
      'base64',
    );
    expect(await keys().open(sealed)).toEqual({ kind: 'open', value: 'from the age program' });
  });

  it('that is shared is read and never changed', async () => {
    const recipient = await keys('control-plane').recipient();
    writeFileSync(join(folder, 'shared'), readFileSync(own('control-plane')), { mode: 0o640 });
    expect(await keys().recipient()).toBe(recipient);
    await expect(keys().renew()).rejects.toThrow(/only reads it/);
    chmodSync(join(folder, 'shared'), 0o644);
    await expect(keys().recipient()).rejects.toThrow(/others can read or change it/);
  });

  it('that somebody else can read, or that is none, is refused without being quoted', async () => {
    await keys().recipient();
    chmodSync(own(), 0o640);
    await expect(keys().recipient()).rejects.toThrow(/others can read it/);
    chmodSync(own(), 0o600);
    writeFileSync(own(), 'AGE-SECRET-KEY-1WRONG\n');
    await expect(keys().recipient()).rejects.toThrow(/line 1 is no AGE-SECRET-KEY-1…$/);
  });
});

describe('a new key', () => {
  it('stands before the old one, which reads on until it is forgotten', async () => {
    const old = await keys().recipient();
    const sealed = await keys().seal('value', old);
    const fresh = await keys().renew();
    expect(fresh).not.toBe(old);
    expect(await keys().renew()).toBe(fresh);
    expect(await keys().recipients()).toEqual([fresh, old]);
    expect(await keys().open(sealed)).toEqual({ kind: 'open', value: 'value' });
    expect(await keys().forgetOld()).toBe(1);
    expect(await keys().recipients()).toEqual([fresh]);
    expect(await keys().open(sealed)).toEqual({ kind: 'other key' });
    expect(statSync(own()).mode & 0o777).toBe(0o600);
  });
});

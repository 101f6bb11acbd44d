import { execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ensurePrivateFile } from '../../../../src/adapters/keys/private-file.ts';
import { createKeys } from '../../../../src/adapters/keys/site-keys.ts';

const CALL = { timeoutMs: 10_000, signal: new AbortController().signal };

let state: string;
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'site-keys-'));
});
afterEach(() => rmSync(state, { recursive: true, force: true }));

const keys = () => createKeys({ stateDirectory: state, run: 'run 7/x' });

describe('site keys', () => {
  it('makes one CA that only its owner can read', async () => {
    const authority = await keys().authority();
    expect(authority).toMatch(/^ssh-ed25519 AAAA[\w+/=]+$/);
    expect(statSync(join(state, 'ca')).mode & 0o777).toBe(0o700);
    expect(statSync(join(state, 'ca', 'user-ca')).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(state, 'ca'))).toEqual(['user-ca']);
    expect(await keys().authority()).toBe(authority);
  });

  it('ends with one CA when many make it at once', async () => {
    const made = await Promise.all(Array.from({ length: 8 }, () => keys().authority()));
    expect(new Set(made).size).toBe(1);
    expect(readdirSync(join(state, 'ca'))).toEqual(['user-ca']);
  });

  it('refuses a key that others can read, and leaves it as it is', async () => {
    await keys().authority();
    const path = join(state, 'ca', 'user-ca');
    const before = readFileSync(path, 'utf8');
    chmodSync(path, 0o640);
    await expect(keys().authority()).rejects.toMatchObject({
      kind: 'user',
      message: `Unable to use key ${path}: others can read it (mode 640)`,
    });
    await expect(keys().certificate('root', 5, CALL)).rejects.toThrow('others can read it');
    expect(readFileSync(path, 'utf8')).toBe(before);
  });

  it('refuses a link, an empty file and a directory that others can change', async () => {
    const ca = join(state, 'ca');
    mkdirSync(ca, { mode: 0o700 });
    symlinkSync('/dev/null', join(ca, 'user-ca'));
    await expect(keys().authority()).rejects.toThrow('it is not a regular file');
    rmSync(join(ca, 'user-ca'));
    writeFileSync(join(ca, 'user-ca'), '', { mode: 0o600 });
    await expect(keys().authority()).rejects.toThrow('it is empty');
    chmodSync(ca, 0o777);
    await expect(keys().authority()).rejects.toThrow('others can change this directory');
  });

  it('says what is wrong with a damaged key, and does not replace it', async () => {
    mkdirSync(join(state, 'ca'), { mode: 0o700 });
    writeFileSync(join(state, 'ca', 'user-ca'), 'no key\n', { mode: 0o600 });
    await expect(keys().authority()).rejects.toThrow(
      /^Unable to finish reading of the SSH CA .*user-ca: ssh-keygen ended with/,
    );
    expect(readFileSync(join(state, 'ca', 'user-ca'), 'utf8')).toBe('no key\n');
  });

  it('can be asked again after a failure', async () => {
    const made = keys();
    mkdirSync(join(state, 'ca'), { mode: 0o700 });
    writeFileSync(join(state, 'ca', 'user-ca'), '', { mode: 0o600 });
    await expect(made.authority()).rejects.toThrow('it is empty');
    rmSync(join(state, 'ca', 'user-ca'));
    expect(await made.authority()).toContain('ssh-ed25519');
  });

  it('seals under a key of its own, each list of parts differently', async () => {
    const sealed = await keys().seal(['ab', 'c']);
    expect(sealed).toMatch(/^[0-9a-f]{64}$/);
    expect(await keys().seal(['ab', 'c'])).toBe(sealed);
    expect(await keys().seal(['a', 'bc'])).not.toBe(sealed);
    expect(await keys().seal(['ab', 'c', ''])).not.toBe(sealed);
    const key = readFileSync(join(state, 'ca', 'seal'));
    expect(key.length).toBe(32);
    expect(createHmac('sha256', key).update('2:ab1:c').digest('hex')).toBe(sealed);
  });

  it('signs a certificate of minutes for one login, in a private directory that goes away', async () => {
    const site = keys();
    const certificate = await site.certificate('root', 5, CALL);
    const text = execFileSync('ssh-keygen', ['-L', '-f', certificate.certificateFile], { encoding: 'utf8' });
    const directory = dirname(certificate.identityFile);
    expect(text).toContain('Key ID: "pve-gitops run_7/x"');
    expect(text).toMatch(/Principals:\s+root\n/);
    expect(text).toContain('Extensions: (none)');
    const [, from, to] = /Valid: from (\S+) to (\S+)/.exec(text) ?? [];
    expect((Date.parse(to ?? '') - Date.parse(from ?? '')) / 60_000).toBe(6);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    expect(statSync(certificate.identityFile).mode & 0o777).toBe(0o600);
    await certificate.close();
    expect(existsSync(directory)).toBe(false);
  });

  it('is not disturbed by what a killed run left behind', async () => {
    const ca = join(state, 'ca');
    mkdirSync(join(ca, '.new-abc123'), { recursive: true, mode: 0o700 });
    writeFileSync(join(ca, '.new-abc123', 'half'), 'half a key', { mode: 0o600 });
    expect(await keys().authority()).toContain('ssh-ed25519');
  });

  it('gives a file its name only when it is complete', async () => {
    const path = join(state, 'ca', 'user-ca');
    const broken = ensurePrivateFile(path, async (made) => {
      writeFileSync(made, 'half');
      expect(existsSync(path)).toBe(false);
      throw new Error('killed');
    });
    await expect(broken).rejects.toThrow('killed');
    expect(readdirSync(join(state, 'ca'))).toEqual([]);
  });
});

describe('a login of something else than this machine', () => {
  const shown = (certificate: string): string => {
    const path = join(state, 'login-cert.pub');
    writeFileSync(path, certificate);
    return execFileSync('ssh-keygen', ['-Lf', path], { encoding: 'utf8' });
  };

  it('counts for one principal, from one address, for minutes; no file of it is left', async () => {
    vi.stubEnv('TMPDIR', state);
    const login = await keys().login('pve-gitops-job-1042-aa', { minutes: 5, from: '10.1.2.3' }, CALL);
    expect(readdirSync(state)).toEqual(['ca']);
    vi.unstubAllEnvs();
    expect(login.privateKey).toMatch(/^-----BEGIN OPENSSH PRIVATE KEY-----/);
    const text = shown(login.certificate);
    expect(text).toMatch(/Principals: \n\s+pve-gitops-job-1042-aa\n/);
    expect(text).toMatch(/Critical Options: \n\s+source-address 10\.1\.2\.3\/32\n/);
    expect(text).toMatch(/Extensions: \(none\)/);
  });

  it('from what is no address is a bug', async () => {
    await expect(keys().login('a', { minutes: 5, from: '10.1.2.3,0.0.0.0/0' }, CALL)).rejects.toThrow(/no address/);
  });
});

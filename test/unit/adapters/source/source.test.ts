import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSource } from '../../../../src/adapters/source/source.ts';

const source = createSource();
let root: string;
let directory: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'pve-gitops-source-'));
  directory = join(root, 'apache');
  mkdirSync(join(directory, 'conf'), { recursive: true });
  writeFileSync(join(directory, 'config.env'), 'ID=42\n');
  writeFileSync(join(directory, 'configure.sh'), '#!/bin/sh\n');
  chmodSync(join(directory, 'configure.sh'), 0o700);
  writeFileSync(join(directory, 'conf', 'größe.conf'), 'x'.repeat(1500));
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

async function archive(): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source.archive(directory)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

describe('archive', () => {
  it('is unpacked by tar to the same tree, long names and links too', async () => {
    const deep = `${'d'.repeat(90)}/${'f'.repeat(90)}`;
    mkdirSync(join(directory, 'd'.repeat(90)));
    writeFileSync(join(directory, deep), 'deep');
    symlinkSync('../config.env', join(directory, 'conf', 'link'));
    const target = join(root, 'target');
    mkdirSync(target);
    execFileSync('tar', ['-x', '-C', target], { input: await archive() });
    expect(readFileSync(join(target, deep), 'utf8')).toBe('deep');
    expect(readFileSync(join(target, 'conf', 'größe.conf'), 'utf8')).toHaveLength(1500);
    expect(readlinkSync(join(target, 'conf', 'link'))).toBe('../config.env');
    expect(statSync(join(target, 'configure.sh')).mode & 0o777).toBe(0o755);
    expect(statSync(join(target, 'config.env')).mode & 0o777).toBe(0o644);
  });

  it('leaves private overlays and git out', async () => {
    writeFileSync(join(directory, 'config.local.env'), 'PASSWORD=secret-of-mine\n');
    mkdirSync(join(directory, '.git'));
    writeFileSync(join(directory, '.git', 'config'), 'token-in-git');
    const text = (await archive()).toString('latin1');
    expect(text).not.toContain('secret-of-mine');
    expect(text).not.toContain('token-in-git');
  });
});

describe('digest', () => {
  it('follows contents, names and the executable bit, and nothing else', async () => {
    const first = await source.digest(directory);
    execFileSync('touch', ['-d', '2001-01-01', join(directory, 'config.env')]);
    chmodSync(join(directory, 'config.env'), 0o600);
    expect(await source.digest(directory)).toBe(first);
    chmodSync(join(directory, 'configure.sh'), 0o600);
    const plain = await source.digest(directory);
    expect(plain).not.toBe(first);
    mkdirSync(join(directory, 'empty', 'too'), { recursive: true });
    expect(await source.digest(directory)).toBe(plain);
    writeFileSync(join(directory, 'config.env'), 'ID=43\n');
    expect(await source.digest(directory)).not.toBe(plain);
  });
});

describe('what a definition may hold', () => {
  it.each(['/etc/passwd', '/tmp/../tmp', '../../other', '..'])('a symlink to %s is refused by name', async (target) => {
    symlinkSync(target, join(directory, 'leak'));
    await expect(source.digest(directory)).rejects.toThrow(/symlink leak leads out of it/);
    await expect(archive()).rejects.toThrow(/symlink leak leads out of it/);
  });

  it('reads only regular files', async () => {
    symlinkSync('/etc/passwd', join(directory, 'container.env'));
    await expect(source.read(directory, ['container.env'])).rejects.toThrow('is not a regular file');
    expect([...(await source.read(directory, ['config.env', 'missing.env'])).keys()]).toEqual(['config.env']);
  });

  it('no directory is undefined', async () => {
    expect(await source.list(join(root, 'nope'))).toBeUndefined();
    expect(await source.list(directory)).toEqual(['conf', 'config.env', 'configure.sh']);
  });
});

describe('commit', () => {
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', directory, '-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args]);

  it('is HEAD, and dirty when a file differs from it', async () => {
    expect(await source.commit(directory)).toBeUndefined();
    git('init', '-q');
    git('add', '-A');
    git('commit', '-qm', 'first');
    const commit = await source.commit(directory);
    expect(commit).toEqual({ hash: expect.stringMatching(/^[0-9a-f]{40}$/), dirty: false });
    writeFileSync(join(directory, 'config.env'), 'ID=44\n');
    expect(await source.commit(directory)).toEqual({ hash: commit?.hash, dirty: true });
  });

  it('runs nothing that the repository brings along', async () => {
    git('init', '-q');
    git('commit', '-qm', 'first', '--allow-empty');
    git('config', 'core.fsmonitor', `touch ${join(root, 'pwned')}; false`);
    await source.commit(directory);
    expect(() => statSync(join(root, 'pwned'))).toThrow();
  });
});

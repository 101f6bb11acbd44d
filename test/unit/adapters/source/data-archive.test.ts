import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSource } from '../../../../src/adapters/source/source.ts';

const source = createSource();
const isRoot = process.getuid?.() === 0;
let root: string;
let directory: string;
let data: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'pve-gitops-data-'));
  directory = join(root, 'pihole');
  data = join(directory, 'data');
  mkdirSync(join(data, 'db'), { recursive: true });
  writeFileSync(join(directory, 'configSettings'), 'CORES=1\n');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

async function unpacked(): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of (await source.data(directory)) ?? []) chunks.push(chunk);
  const target = join(root, 'target');
  mkdirSync(target);
  execFileSync('tar', ['-x', '-p', '--numeric-owner', '-C', target], { input: Buffer.concat(chunks) });
  return target;
}

describe('data of a directory', () => {
  it('arrives as it stands, with sums that hold', async () => {
    const odd = ' a "b"\n\\c größe';
    writeFileSync(join(data, 'db', 'main.db'), 'x'.repeat(70_000));
    writeFileSync(join(data, odd), 'odd');
    writeFileSync(join(data, 'empty'), '');
    symlinkSync('/var/lib/elsewhere', join(data, 'link'));
    mkdirSync(join(data, 'hollow'), { mode: 0o750 });
    chmodSync(join(data, 'db', 'main.db'), 0o640);
    utimesSync(join(data, 'db', 'main.db'), 1_700_000_000, 1_700_000_000);
    const target = await unpacked();
    expect(readFileSync(join(target, odd), 'utf8')).toBe('odd');
    expect(readlinkSync(join(target, 'link'))).toBe('/var/lib/elsewhere');
    expect(lstatSync(join(target, 'hollow')).mode & 0o777).toBe(0o750);
    expect(statSync(join(target, 'db', 'main.db'))).toMatchObject({ size: 70_000, mtimeMs: 1_700_000_000_000 });
    expect(statSync(join(target, 'db', 'main.db')).mode & 0o777).toBe(0o640);
    const check = () =>
      execFileSync('sha256sum', ['--check', '--strict', '.pve-gitops-sums'], { cwd: target, stdio: 'pipe' });
    expect(check().toString().trim().split('\n')).toHaveLength(3);
    writeFileSync(join(target, 'db', 'main.db'), 'y'.repeat(70_000));
    expect(check).toThrow();
  });

  it('owners are counted as the container counts them', async () => {
    for (const [name, uid] of [
      ['mapped', 100_033],
      ['plain', 1000],
      ['stranger', 400_000],
    ] as const) {
      writeFileSync(join(data, name), '');
      if (isRoot) chownSync(join(data, name), uid, uid);
    }
    const target = await unpacked();
    const owner = (name: string) => [statSync(join(target, name)).uid, statSync(join(target, name)).gid];
    // Without root nobody can give files away: then everything belongs to root in the end.
    const mapped = isRoot ? [33, 1000, 0] : [0, 0, 0];
    expect(['mapped', 'plain', 'stranger'].map(owner)).toEqual(mapped.map((id) => [id, id]));
  });

  it('is nothing where there is none, or only a symlink, or an empty one', async () => {
    rmSync(join(data, 'db'), { recursive: true });
    expect(await source.data(directory)).toBeUndefined();
    rmSync(data, { recursive: true });
    expect(await source.data(directory)).toBeUndefined();
    symlinkSync('/srv', data);
    expect(await source.data(directory)).toBeUndefined();
  });
});

describe('the one-directory-per-container form', () => {
  const names = async () => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of source.archive(directory)) chunks.push(chunk);
    return execFileSync('tar', ['-t'], { input: Buffer.concat(chunks), encoding: 'utf8' })
      .trim()
      .split('\n');
  };

  it('data and .env are no part of what an engine gets, nor of the digest', async () => {
    writeFileSync(join(directory, 'build-target.sh'), 'true\n');
    const before = await source.digest(directory);
    writeFileSync(join(directory, '.env'), 'TOKEN=hush\n');
    writeFileSync(join(data, 'big'), 'data');
    expect(await names()).toEqual(['build-target.sh', 'configSettings']);
    expect(await source.digest(directory)).toBe(before);
    rmSync(data, { recursive: true });
    symlinkSync('/srv/elsewhere', data);
    expect(await names()).toEqual(['build-target.sh', 'configSettings']);
  });

  it('elsewhere both are files like any other', async () => {
    rmSync(join(directory, 'configSettings'));
    writeFileSync(join(directory, '.env'), 'A=1\n');
    writeFileSync(join(data, 'file'), '');
    expect(await names()).toEqual(['.env', 'data/', 'data/file']);
  });
});

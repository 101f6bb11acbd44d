import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PLACE_FILES } from '../../../src/configure/place-files.ts';

/** The script as it stands, with its three absolute paths moved below a temporary folder. */

let root: string;
let definition: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'pve-gitops-place-'));
  definition = join(root, 'definition');
  mkdirSync(definition);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function place() {
  const owner = `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`;
  const script = PLACE_FILES.replaceAll('/usr/local', `${root}/usr`)
    .replaceAll('/var/lib/pve-gitops', `${root}/state`)
    .replaceAll('0:0', owner);
  const { status, stdout, stderr } = spawnSync('bash', ['-c', script], { cwd: definition, encoding: 'utf8' });
  return { status, stderr, lines: stdout.replaceAll(root, '').trim().split('\n').filter(Boolean) };
}

function put(path: string, text: string, mode = 0o644): void {
  mkdirSync(dirname(join(definition, path)), { recursive: true });
  writeFileSync(join(definition, path), text);
  chmodSync(join(definition, path), mode);
}

const conf = (path: string) => join(root, 'usr', 'conf', path);

describe('conf and bin of a directory', () => {
  it('come to their places once, writable by nobody, and a second run does nothing', () => {
    put('conf/site.conf', 'one');
    put("conf/a b/it's $(touch /tmp/pwned) \n.conf", 'odd');
    put('bin/tool', '#!/bin/sh\n', 0o755);
    symlinkSync('site.conf', join(definition, 'conf', 'link'));
    const first = place();
    expect(first).toMatchObject({ status: 0, stderr: '' });
    expect(first.lines).toContain('changed: wrote /usr/conf/site.conf');
    expect(statSync(conf('site.conf')).mode & 0o777).toBe(0o444);
    expect(statSync(join(root, 'usr', 'sbin', 'tool')).mode & 0o777).toBe(0o555);
    expect(readlinkSync(conf('link'))).toBe('site.conf');
    expect(readFileSync(conf("a b/it's $(touch /tmp/pwned) \n.conf"), 'utf8')).toBe('odd');
    expect(existsSync(join(root, 'usr', 'data'))).toBe(true);
    expect(place()).toEqual({ status: 0, stderr: '', lines: [] });
  });

  it('what is gone from the definition is removed, what is somebody else’s stays, what was changed is undone', () => {
    put('conf/old/one', '1');
    put('conf/two', '2');
    put('bin/tool', 'x', 0o755);
    place();
    writeFileSync(conf('theirs'), 'stays');
    chmodSync(conf('two'), 0o644);
    writeFileSync(conf('two'), 'changed by hand');
    rmSync(join(definition, 'conf', 'old'), { recursive: true });
    rmSync(join(definition, 'bin'), { recursive: true });
    const { lines } = place();
    expect(lines.toSorted()).toEqual([
      'changed: removed /usr/conf/old/one',
      'changed: removed /usr/sbin/tool',
      'changed: wrote /usr/conf/two',
    ]);
    expect(readdirSync(conf('')).toSorted()).toEqual(['theirs', 'two']);
    expect(readFileSync(conf('two'), 'utf8')).toBe('2');
  });

  it('a file takes the place of a directory that came from here, and of no other', () => {
    put('conf/thing/part', '1');
    place();
    rmSync(join(definition, 'conf', 'thing'), { recursive: true });
    put('conf/thing', 'file');
    expect(place()).toMatchObject({ status: 0 });
    expect(readFileSync(conf('thing'), 'utf8')).toBe('file');
    mkdirSync(conf('foreign'));
    put('conf/foreign', 'file');
    const refused = place();
    expect(refused.status).toBe(1);
    expect(refused.lines).toContain('error: /usr/conf/foreign is a directory, and conf has a file of that name');
  });

  it('many files are summed up', () => {
    for (let number = 0; number < 30; number += 1) put(`conf/${number}`, 'x');
    const { lines } = place();
    expect(lines).toHaveLength(21);
    expect(lines.at(-1)).toBe('changed: 10 files more');
  });
});

describe('where build-target.sh stands', () => {
  const ended = () => {
    mkdirSync(join(root, 'state', 'once'), { recursive: true });
    writeFileSync(join(root, 'state', 'once', 'build-target.sh'), 'now\n');
  };

  it('one that did not end is said, one that ended is not, another one is', () => {
    put('build-target.sh', 'one');
    expect(place().lines).toEqual([]);
    expect(place().lines).toEqual([expect.stringContaining('did not end')]);
    ended();
    expect(place().lines).toEqual([]);
    expect(place().lines).toEqual([]);
    put('build-target.sh', 'two');
    expect(place().lines).toEqual([expect.stringContaining('pve-gitops rebuild runs it')]);
  });
});

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSource } from '../../../../src/adapters/source/source.ts';

let root: string;
let directory: string;
let first: string;
let second: string;

function git(...args: readonly string[]): string {
  const who = ['-c', 'user.name=a', '-c', 'user.email=a@example.com'];
  return execFileSync('git', ['-C', root, ...who, ...args], { encoding: 'utf8' }).trim();
}

function commit(text: string): string {
  writeFileSync(join(directory, 'config.env'), text);
  git('add', '-A');
  git('commit', '-qm', text.trim());
  return git('rev-parse', 'HEAD');
}

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'pve-gitops-history-'));
  directory = join(root, 'libs', 'apache');
  mkdirSync(directory, { recursive: true });
  git('init', '-q', '.');
  writeFileSync(join(directory, 'configure.sh'), '#!/bin/sh\n', { mode: 0o755 });
  writeFileSync(join(root, 'other'), 'beside it\n');
  first = commit('ID=1\n');
  second = commit('ID=2\n');
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

describe('a directory at another commit', () => {
  it('stands in a private place with its modes, and goes again', async () => {
    writeFileSync(join(directory, 'config.env'), 'ID=3\n');
    const past = await createSource().at(directory, first);
    expect(readFileSync(join(past.directory, 'config.env'), 'utf8')).toBe('ID=1\n');
    expect(statSync(join(past.directory, 'configure.sh')).mode & 0o111).not.toBe(0);
    expect(statSync(join(past.directory, '..')).mode & 0o077).toBe(0);
    expect(existsSync(join(past.directory, 'other'))).toBe(false);
    await past.close();
    expect(existsSync(past.directory)).toBe(false);
    // neither the work tree nor the index was touched
    expect(readFileSync(join(directory, 'config.env'), 'utf8')).toBe('ID=3\n');
    expect(git('diff', '--cached', '--name-only')).toBe('');
    expect(git('rev-parse', 'HEAD')).toBe(second);
  });

  it('of a commit that did not have it is an error', async () => {
    git('mv', 'libs/apache', 'libs/web');
    git('commit', '-qm', 'moved');
    await expect(createSource().at(join(root, 'libs', 'web'), first)).rejects.toThrow(
      /Unable to read .*libs\/web at commit/,
    );
  });

  it('is fetched where a checkout has no history, else said', async () => {
    const shallow = join(root, 'shallow');
    git('clone', '-q', '--depth=1', `file://${root}`, shallow);
    const there = join(shallow, 'libs', 'apache');
    await expect(createSource().at(there, first)).rejects.toThrow(/the repository does not have it/);
    const asked: string[] = [];
    const source = createSource({
      async fetchCommit(repository) {
        execFileSync('git', ['-C', repository, 'fetch', '-q', '--depth=9']);
      },
      async isAncestor(_, older, newer) {
        asked.push(older, newer);
        return true;
      },
    });
    const past = await source.at(there, first);
    expect(readFileSync(join(past.directory, 'config.env'), 'utf8')).toBe('ID=1\n');
    await past.close();
    execFileSync('git', ['-C', shallow, 'fetch', '-q', '--depth=1']);
    expect(await createSource().isAncestor(there, first, second)).toBeUndefined();
    expect(await source.isAncestor(there, first, second)).toBe(true);
    expect(asked).toEqual([first, second]);
  });
});

describe('history', () => {
  it('tells what came before what, where it can', async () => {
    const { isAncestor, resolve } = createSource();
    expect(await isAncestor(directory, first, second)).toBe(true);
    expect(await isAncestor(directory, second, first)).toBe(false);
    expect(await isAncestor(directory, first, first)).toBe(false);
    expect(await isAncestor(directory, 'f'.repeat(40), second)).toBeUndefined();
    expect(await isAncestor(tmpdir(), first, second)).toBeUndefined();
    expect(await resolve(directory, 'HEAD~1')).toBe(first);
    expect(await resolve(directory, first.slice(0, 10))).toBe(first);
    await expect(resolve(directory, 'nowhere')).rejects.toThrow('Unable to find commit nowhere');
    await expect(resolve(directory, '--all')).rejects.toThrow('Unable to find commit --all');
  });
});

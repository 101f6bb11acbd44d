import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { checkOut } from '../../../../src/adapters/git/check-out.ts';
import { createUpstream, type Upstream } from '../../../../src/adapters/git/upstream.ts';
import { createMask } from '../../../../src/adapters/process/mask.ts';
import { type Forge, startForge } from './forge.ts';

/** A checkout of one commit asks the forge for what came before it. */

const TOKEN = 'job-token-91';
let forge: Forge;
let directory: string;
let upstream: Upstream;
let commits: string[];

beforeEach(async () => {
  forge = await startForge({ token: TOKEN, repository: 'srv/box' });
  commits = ['one', 'two', 'three'].map((text) => commit(text));
  directory = mkdtempSync(join(tmpdir(), 'upstream-'));
  const common = { serverUrl: forge.url, token: TOKEN, mask: createMask(), signal: new AbortController().signal };
  await checkOut({ ...common, repository: 'srv/box', ref: 'main', directory });
  upstream = createUpstream(common);
});
afterEach(async () => {
  await forge.close();
  rmSync(directory, { recursive: true, force: true });
});

function commit(text: string): string {
  forge.write('config.env', `ID=42\nHOSTNAME=${text}\n`);
  return record(text);
}

function record(text: string): string {
  forge.work('add', '--all');
  forge.work('commit', '--quiet', '--allow-empty', '--message', text);
  forge.work('push', '--quiet', 'origin', 'HEAD:refs/heads/main');
  return forge.work('rev-parse', 'HEAD').trim();
}

it('tells which of two commits came first, and leaves the checkout as it was', async () => {
  const [first = '', second = '', third = ''] = commits;
  const before = readdirSync(directory);
  expect(await upstream.isAncestor(directory, first, third)).toBe(true);
  expect(await upstream.isAncestor(directory, third, first)).toBe(false);
  expect(await upstream.isAncestor(directory, second, third)).toBe(true);
  expect(readdirSync(directory)).toEqual(before);
  const log = execFileSync('git', ['-C', directory, 'log', '--format=%H'], { encoding: 'utf8' });
  expect(log.trim()).toBe(third);
});

it('does not call a commit older that has the same files', async () => {
  const [, , third = ''] = commits;
  const merged = record('a merge without changes');
  expect(await upstream.isAncestor(directory, third, merged)).toBe(false);
  expect(await upstream.isAncestor(directory, commits[0] ?? '', merged)).toBe(true);
});

it('does not guess about a commit that the forge does not have', async () => {
  expect(await upstream.isAncestor(directory, commits[0] ?? '', 'f'.repeat(40))).toBeUndefined();
  expect(await upstream.isAncestor(tmpdir(), commits[0] ?? '', commits[2] ?? '')).toBeUndefined();
});

it('gets one commit with its files, also when asked from a folder of it', async () => {
  const [first = ''] = commits;
  await upstream.fetchCommit(directory, first);
  const text = execFileSync('git', ['-C', directory, 'show', `${first}:config.env`], { encoding: 'utf8' });
  expect(text).toContain('HOSTNAME=one');
});

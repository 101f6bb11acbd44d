import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openBranches } from '../../../../src/adapters/git/branches.ts';
import { checkOut } from '../../../../src/adapters/git/check-out.ts';
import { createMask } from '../../../../src/adapters/process/mask.ts';
import { type Forge, startForge } from './forge.ts';

/** Branches are moved from a checkout that has one commit and no history. */

let forge: Forge;
let commits: string[];

beforeEach(async () => {
  forge = await startForge({ token: 'secret' });
  commits = [];
  mkdirSync(join(forge.root, 'work/part'));
  for (const text of ['one', 'two', 'three']) {
    forge.write('page', text);
    forge.write('part/config.env', `ID=${text}\n`);
    forge.work('add', '--all');
    forge.work('commit', '--quiet', '--message', text);
    commits.push(forge.work('rev-parse', 'HEAD'));
  }
  forge.work('push', '--quiet', 'origin', 'HEAD:refs/heads/main');
});
afterEach(() => forge.close());

async function open(path = '') {
  const common = {
    serverUrl: forge.url,
    token: 'secret',
    mask: createMask(() => undefined),
    signal: new AbortController().signal,
  };
  const directory = join(forge.root, 'checkout');
  await checkOut({ ...common, directory, repository: 'owner/name', ref: 'main' });
  const branches = await openBranches({ ...common, directory: join(directory, path) });
  if (branches === undefined) throw new Error('no checkout');
  return branches;
}

const on = (branch: string, path: string): string => {
  forge.work('fetch', '--quiet', 'origin', branch);
  return forge.work('show', `FETCH_HEAD:${path}`);
};
const head = (branch: string): string => forge.work('ls-remote', 'origin', `refs/heads/${branch}`).split('\t')[0] ?? '';
const [FIRST, LAST] = [0, 2];

it('moves a branch forward and back', async () => {
  const branches = await open();
  await branches.move('snapshot', commits[LAST] ?? '');
  expect(head('snapshot')).toBe(commits[LAST]);
  const past = commits[FIRST] ?? '';
  await branches.move('snapshot', past);
  expect(head('snapshot')).toBe(past);
});

it('makes a commit with the content of before on top of what is there', async () => {
  const branches = await open();
  const wish = { base: 'main', to: commits[FIRST] ?? '', branch: 'back', message: 'Go back\n' };
  expect(await branches.goBack(wish)).toBe(true);
  expect([on('back', 'page'), on('back', 'part/config.env')]).toEqual(['one', 'ID=one']);
  expect(forge.work('log', '--format=%s', 'FETCH_HEAD').split('\n')).toEqual(['Go back', 'three', 'two', 'one']);
});

it('leaves what is beside the definition', async () => {
  const branches = await open('part');
  const wish = { base: 'main', to: commits[FIRST] ?? '', branch: 'back', message: 'Go back\n' };
  expect(await branches.goBack(wish)).toBe(true);
  expect([on('back', 'page'), on('back', 'part/config.env')]).toEqual(['three', 'ID=one']);
});

it('makes nothing where main says the same already', async () => {
  const branches = await open();
  expect(await branches.goBack({ base: 'main', to: commits[LAST] ?? '', branch: 'back', message: 'x' })).toBe(false);
  expect(head('back')).toBe('');
});

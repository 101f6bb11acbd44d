import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { cloneSite } from '../../../../src/adapters/git/clone-site.ts';
import { createMask } from '../../../../src/adapters/process/mask.ts';
import { type Forge, startForge } from './forge.ts';

/** A project that links to one repository of its organisation, which has moved on since. */

let forge: Forge;
let commit: string;
let main: string;

const commitAll = (message: string): string => {
  forge.work('add', '--all');
  forge.work('commit', '--quiet', '--message', message);
  return forge.work('rev-parse', 'HEAD');
};

beforeEach(async () => {
  forge = await startForge({ token: 'secret', repository: 'srv/apache' });
  forge.write('config.env', 'ID=42\n');
  const link = commitAll('first');
  forge.write('config.env', 'ID=43\n');
  main = commitAll('second');
  forge.work('push', '--quiet', 'origin', 'HEAD:refs/heads/main');
  const other = join(forge.root, 'srv/config.git');
  cpSync(join(forge.root, 'srv/apache.git'), other, { recursive: true });
  forge.work('checkout', '--quiet', '--orphan', 'project');
  forge.work('rm', '--quiet', '-r', '--cached', '.');
  forge.work('update-index', '--add', '--cacheinfo', `160000,${link},libs/apache`);
  forge.work('commit', '--quiet', '--message', 'project');
  commit = forge.work('rev-parse', 'HEAD');
  forge.work('push', '--quiet', '--force', other, 'HEAD:refs/heads/main');
});
afterEach(() => forge.close());

const clone = (token: string) =>
  cloneSite({
    serverUrl: forge.url,
    repository: 'srv/config',
    commit,
    token,
    mask: createMask(() => undefined),
    signal: new AbortController().signal,
  });

it('has every repository that the project links to, at its main, and is gone once it is closed', async () => {
  const { directory, close } = await clone('secret');
  const git = (...args: string[]) => execFileSync('git', ['-C', directory, ...args], { encoding: 'utf8' }).trim();
  expect(readFileSync(join(directory, 'libs/apache/config.env'), 'utf8')).toBe('ID=43\n');
  expect(git('ls-tree', 'HEAD', 'libs/apache')).toContain(main);
  expect(git('rev-parse', 'HEAD^')).toBe(commit);
  expect(git('status', '--porcelain', '--ignore-submodules=none')).toBe('');
  await close();
  expect(existsSync(directory)).toBe(false);
});

it('names the secret that is needed where a repository cannot be read', async () => {
  await expect(clone('another')).rejects.toMatchObject({
    message: expect.stringMatching(/^Unable to clone srv\/config: /) as string,
    advice: [expect.stringContaining('GITOPS_TOKEN')],
  });
});

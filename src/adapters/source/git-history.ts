import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { GitopsError } from '../../model/errors.ts';
import { makePrivateDirectory, removePrivateDirectory } from '../process/private-directory.ts';
import { runProcess } from '../process/run-process.ts';

const TIMEOUT_MS = 60_000;
const COMMIT = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/;

/** Where a checkout without history came from. */
export interface Upstream {
  /** Gets a commit that the repository of this directory lacks; throws when it cannot. */
  fetchCommit(directory: string, commit: string): Promise<void>;
  /** undefined: it cannot tell. */
  isAncestor(directory: string, older: string, newer: string): Promise<boolean | undefined>;
}

/** git is only asked; what a repository's own config could run is off, and a directory of another user is taken as it is. */
const SAFE = { 'safe.directory': '*', 'core.fsmonitor': 'false', 'core.hooksPath': '/dev/null' };

async function git(directory: string, args: readonly string[], more: Readonly<Record<string, string>> = {}) {
  const env: Record<string, string> = {
    GIT_CONFIG_COUNT: String(Object.keys(SAFE).length),
    GIT_OPTIONAL_LOCKS: '0',
    ...more,
  };
  for (const [index, [key, value]] of Object.entries(SAFE).entries()) {
    env[`GIT_CONFIG_KEY_${index}`] = key;
    env[`GIT_CONFIG_VALUE_${index}`] = value;
  }
  return runProcess({
    name: 'git',
    file: 'git',
    args: ['-C', directory, ...args],
    env,
    timeoutMs: TIMEOUT_MS,
    signal: new AbortController().signal,
  });
}

async function need(directory: string, args: readonly string[], what: string, env = {}): Promise<string> {
  const result = await git(directory, args, env);
  if (result.exitCode === 0) return result.stdout.trim();
  throw new GitopsError('user', `Unable to ${what}: ${result.stderr.trim() || `git ended with ${result.exitCode}`}`);
}

const has = async (directory: string, commit: string): Promise<boolean> =>
  (await git(directory, ['cat-file', '-e', `${commit}^{commit}`])).exitCode === 0;

/** HEAD's full hash, and whether files of the directory differ from it. undefined: no repository, or no git. */
export async function readCommit(
  directory: string,
): Promise<{ readonly hash: string; readonly dirty: boolean } | undefined> {
  try {
    const [head, changes] = await Promise.all([
      git(directory, ['rev-parse', '--verify', '--quiet', 'HEAD']),
      git(directory, ['status', '--porcelain', '--', '.']),
    ]);
    if (head.exitCode !== 0) return undefined;
    return { hash: head.stdout.trim(), dirty: changes.stdout.trim() !== '' };
  } catch (error) {
    // Without git there is no commit to name; the definition is as good.
    if (error instanceof GitopsError && error.kind === 'host') return undefined;
    throw error;
  }
}

/** The full hash that a name (branch, tag, short hash) means in the directory's repository. */
export async function resolveCommit(directory: string, name: string): Promise<string> {
  if (name.startsWith('-')) throw new GitopsError('user', `Unable to find commit ${name}: that is no commit's name`);
  return need(directory, ['rev-parse', '--verify', '--quiet', `${name}^{commit}`], `find commit ${name}`);
}

/** The same directory as it was at a commit, in a private place; `close` removes it. Throws kind user when it was not there. */
export async function directoryAt(
  directory: string,
  commit: string,
  upstream: Upstream | undefined,
): Promise<{ readonly directory: string; close(): Promise<void> }> {
  const what = `read ${directory} at commit ${commit.slice(0, 12)}`;
  if (!COMMIT.test(commit)) throw new GitopsError('user', `Unable to ${what}: that is no commit's full name`);
  if (!(await has(directory, commit))) {
    if (upstream === undefined || !(await fetched(directory, commit, upstream))) {
      throw new GitopsError('user', `Unable to ${what}: the repository does not have it`, {
        advice: ['a checkout without history has one commit only: git fetch --unshallow'],
      });
    }
  }
  const prefix = await need(directory, ['rev-parse', '--show-prefix'], what);
  const place = await makePrivateDirectory();
  try {
    const tree = join(place, 'tree');
    await mkdir(tree);
    // An index of its own: neither the user's index nor the work tree is touched.
    const index = { GIT_INDEX_FILE: join(place, 'index') };
    await need(
      directory,
      ['read-tree', prefix === '' ? commit : `${commit}:${prefix.replace(/\/$/, '')}`],
      what,
      index,
    );
    const top = await need(directory, ['rev-parse', '--show-toplevel'], what);
    await need(top, ['checkout-index', '--all', '--quiet', `--prefix=${tree}/`], what, index);
    return { directory: tree, close: () => removePrivateDirectory(place) };
  } catch (error) {
    await removePrivateDirectory(place);
    throw error;
  }
}

async function fetched(directory: string, commit: string, upstream: Upstream): Promise<boolean> {
  await upstream.fetchCommit(directory, commit);
  return has(directory, commit);
}

/** Files of the directory that differ between two commits: `M configure.sh`, `A conf/site.conf`. */
export async function changedFiles(directory: string, before: string, after: string): Promise<readonly string[]> {
  const args = ['diff', '--name-status', '--no-renames', '--relative', before, after, '--', '.'];
  const text = await need(directory, args, `compare ${before.slice(0, 12)} with ${after.slice(0, 12)}`);
  return text === '' ? [] : text.split('\n').map((line) => line.replace('\t', ' '));
}

/**
 * Whether `older` comes before `newer` in history with other files. undefined: neither this repository nor where it came from
 * can tell (no git, another repository's commit).
 */
export async function isAncestor(
  directory: string,
  older: string,
  newer: string,
  upstream: Upstream | undefined,
): Promise<boolean | undefined> {
  if (older === newer || !COMMIT.test(older) || !COMMIT.test(newer)) return older === newer ? false : undefined;
  try {
    // Without its history a repository takes every commit for the first one.
    const shallow = (await git(directory, ['rev-parse', '--is-shallow-repository'])).stdout.trim() !== 'false';
    if (shallow || !(await has(directory, older)) || !(await has(directory, newer)))
      return await upstream?.isAncestor(directory, older, newer);
    const result = await git(directory, ['merge-base', '--is-ancestor', older, newer]);
    if (result.exitCode === 0) return (await git(directory, ['diff', '--quiet', older, newer])).exitCode !== 0;
    return result.exitCode === 1 ? false : undefined;
  } catch (error) {
    if (error instanceof GitopsError && error.kind === 'host') return undefined;
    throw error;
  }
}

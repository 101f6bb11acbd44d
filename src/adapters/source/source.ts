import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GitopsError } from '../../model/errors.ts';
import type { Source } from '../../model/ports.ts';
import { runProcess } from '../process/run-process.ts';
import { archiveTree } from './archive.ts';
import { digestTree } from './tree.ts';

/** Definitions are small; a file of this size is a mistake. */
const LARGEST = 1024 * 1024;
const GIT_TIMEOUT_MS = 10_000;

const codeOf = (error: unknown): string | undefined =>
  typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : undefined;

/** A definition's directory on this machine's disk. */
export function createSource(): Source {
  return {
    async read(directory, names) {
      const files = new Map<string, Uint8Array>();
      for (const name of names) {
        const path = join(directory, name);
        const stat = await lstat(path).catch((error: unknown) => {
          if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined;
          throw new GitopsError('user', `Unable to read ${path}: ${String(error)}`, { cause: error });
        });
        if (stat === undefined) continue;
        if (!stat.isFile()) throw new GitopsError('user', `Unable to read ${path}: it is not a regular file`);
        if (stat.size > LARGEST)
          throw new GitopsError('user', `Unable to read ${path}: ${stat.size} bytes, at most ${LARGEST}`);
        files.set(name, await readFile(path));
      }
      return files;
    },
    async list(directory) {
      try {
        return (await readdir(directory)).toSorted();
      } catch (error) {
        if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined;
        throw new GitopsError('user', `Unable to read ${directory}: ${String(error)}`, { cause: error });
      }
    },
    digest: digestTree,
    archive: archiveTree,
    commit: readCommit,
  };
}

/** git is only asked; what a repository's own config could run is off, and a directory of another user is taken as it is. */
async function readCommit(directory: string): Promise<{ readonly hash: string; readonly dirty: boolean } | undefined> {
  const config = { 'safe.directory': '*', 'core.fsmonitor': 'false', 'core.hooksPath': '/dev/null' };
  const env: Record<string, string> = { GIT_CONFIG_COUNT: String(Object.keys(config).length), GIT_OPTIONAL_LOCKS: '0' };
  for (const [index, [key, value]] of Object.entries(config).entries()) {
    env[`GIT_CONFIG_KEY_${index}`] = key;
    env[`GIT_CONFIG_VALUE_${index}`] = value;
  }
  const git = async (args: readonly string[]) => {
    const { signal } = new AbortController();
    return runProcess({
      name: 'git',
      file: 'git',
      args: ['-C', directory, ...args],
      env,
      timeoutMs: GIT_TIMEOUT_MS,
      signal,
    });
  };
  try {
    const head = await git(['rev-parse', '--verify', '--quiet', 'HEAD']);
    if (head.exitCode !== 0) return undefined;
    const changes = await git(['status', '--porcelain', '--', '.']);
    return { hash: head.stdout.trim(), dirty: changes.stdout.trim() !== '' };
  } catch (error) {
    // Without git there is no commit to name; the definition is as good.
    if (error instanceof GitopsError && error.kind === 'host') return undefined;
    throw error;
  }
}

import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GitopsError } from '../../model/errors.ts';
import type { Source } from '../../model/ports.ts';
import { archiveTree } from './archive.ts';
import { archiveData } from './data-archive.ts';
import { changedFiles, directoryAt, isAncestor, readCommit, resolveCommit, type Upstream } from './git-history.ts';
import { digestTree } from './tree.ts';

/** Definitions are small; a file of this size is a mistake. */
const LARGEST = 1024 * 1024;

const codeOf = (error: unknown): string | undefined =>
  typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : undefined;

/** What stands at a path; undefined: nothing. */
function looked<T>(path: string, look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined;
    throw new GitopsError('user', `Unable to read ${path}: ${String(error)}`, { cause: error });
  }
}

/**
 * A definition's directory on this machine's disk. `upstream` knows what a checkout without history lacks. Its few small files
 * are read at once: a trip through Node's threads takes ten times as long, and a site has thousands of them.
 */
export function createSource(upstream?: Upstream): Source {
  return {
    async read(directory, names) {
      const files = new Map<string, Uint8Array>();
      for (const name of names) {
        const path = join(directory, name);
        const stat = looked(path, () => lstatSync(path));
        if (stat === undefined) continue;
        if (!stat.isFile()) throw new GitopsError('user', `Unable to read ${path}: it is not a regular file`);
        if (stat.size > LARGEST)
          throw new GitopsError('user', `Unable to read ${path}: ${stat.size} bytes, at most ${LARGEST}`);
        files.set(name, readFileSync(path));
      }
      return files;
    },
    async list(directory) {
      return looked(directory, () => readdirSync(directory))?.toSorted();
    },
    digest: digestTree,
    archive: archiveTree,
    data: archiveData,
    commit: readCommit,
    resolve: resolveCommit,
    at: (directory, commit) => directoryAt(directory, commit, upstream),
    isAncestor: (directory, older, newer) => isAncestor(directory, older, newer, upstream),
    changedFiles,
  };
}

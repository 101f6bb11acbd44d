import { lstat, readdir, readFile } from 'node:fs/promises';
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

/** A definition's directory on this machine's disk. `upstream` knows what a checkout without history lacks. */
export function createSource(upstream?: Upstream): Source {
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
    data: archiveData,
    commit: readCommit,
    resolve: resolveCommit,
    at: (directory, commit) => directoryAt(directory, commit, upstream),
    isAncestor: (directory, older, newer) => isAncestor(directory, older, newer, upstream),
    changedFiles,
  };
}

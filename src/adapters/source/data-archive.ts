import { createHash } from 'node:crypto';
import type { Stats } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { GitopsError } from '../../model/errors.ts';
import { contentOf } from './archive.ts';
import { endOfArchive, headersOf, padding } from './tar.ts';

/** Where unprivileged containers of Proxmox VE have their root user, and how many users they have. */
const SHIFT = 100_000;
const USERS = 65_536;

/** Last in the archive: lines as `sha256sum -c` reads them. */
export const SUMS = '.pve-gitops-sums';

/**
 * The content of a definition's `data` as it stands: modes, times, symlinks, and owners as the container counts them. Sockets and
 * pipes are left out. undefined: there is no such directory, or nothing in it.
 */
export async function archiveData(directory: string): Promise<AsyncIterable<Uint8Array> | undefined> {
  const root = join(directory, 'data');
  const found = await lstat(root).catch(() => undefined);
  if (found?.isDirectory() !== true || (await readdir(root)).length === 0) return undefined;
  return stream(root, found);
}

async function* stream(root: string, top: Stats): AsyncGenerator<Uint8Array> {
  const sums: string[] = [];
  yield* headersOf({ path: '.', kind: 'directory', size: 0, ...attributesOf(top) });
  for await (const { path, stat } of walk(root, '')) {
    const full = join(root, path);
    const attributes = attributesOf(stat);
    if (stat.isDirectory()) yield* headersOf({ path, kind: 'directory', size: 0, ...attributes });
    else if (stat.isSymbolicLink()) {
      yield* headersOf({ path, kind: 'link', size: 0, link: await readlink(full), ...attributes });
    } else {
      const hash = createHash('sha256');
      yield* headersOf({ path, kind: 'file', size: stat.size, ...attributes });
      yield* contentOf(full, stat.size, (chunk) => hash.update(chunk));
      sums.push(sumLine(hash.digest('hex'), path));
    }
  }
  const body = Buffer.from(sums.join(''));
  yield* headersOf({ path: SUMS, kind: 'file', mode: 0o600, size: body.length });
  yield Buffer.concat([body, padding(body.length)]);
  yield endOfArchive();
}

async function* walk(root: string, folder: string): AsyncGenerator<{ readonly path: string; readonly stat: Stats }> {
  for (const name of (await readdir(join(root, folder))).toSorted()) {
    const path = folder === '' ? name : `${folder}/${name}`;
    if (/[\uFFFD]/.test(name)) {
      throw new GitopsError('user', `Unable to copy ${join(root, path)}: its name is not UTF-8`);
    }
    const stat = await lstat(join(root, path));
    const copied = stat.isDirectory() || stat.isFile() || stat.isSymbolicLink();
    if (copied) yield { path, stat };
    if (stat.isDirectory()) yield* walk(root, path);
  }
}

function attributesOf({ mode, uid, gid, mtimeMs }: Stats) {
  return { mode: mode & 0o7777, uid: within(uid), gid: within(gid), modified: Math.max(0, Math.floor(mtimeMs / 1000)) };
}

/** On a node, files of a container belong to shifted users; who reads without being root owns nothing but copies. */
function within(id: number): number {
  if (id >= SHIFT && id < SHIFT + USERS) return id - SHIFT;
  return process.getuid?.() === 0 && id < USERS ? id : 0;
}

/** Names with a line break or a backslash are written in another way. */
function sumLine(hash: string, path: string): string {
  if (!/[\\\n]/.test(path)) return `${hash}  ${path}\n`;
  return `\\${hash}  ${path.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n`;
}

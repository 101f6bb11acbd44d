import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { GitopsError } from '../../model/errors.ts';

/** A file that an engine gets. Paths are relative to the definition's directory, with `/`. */
export interface TreeEntry {
  readonly path: string;
  readonly kind: 'file' | 'directory' | 'link';
  readonly executable: boolean;
  /** Of a link, as written. */
  readonly link?: string;
}

/** The one-directory-per-container form: its `data` is a volume's content, and the values of `.env` travel as variables. */
const FORM = ['configSettings', 'build-target.sh'];
const ASIDE = new Set(['data', '.env']);

/**
 * Never handed to a container: the repository's own machinery, private overlays, and encrypted secrets, whose values count
 * and not how they are encrypted.
 */
export function isLeftOut(path: string): boolean {
  if (/^secrets(\.[^/]+)?\.env$/.test(path)) return true;
  return /(^|\/)\.git(\/|$)/.test(path) || /(^|\/)[^/]+\.local\.(env|yml)$/.test(path);
}

/**
 * Everything below a definition's directory, sorted by bytes of the path. Throws kind user for a symlink that leaves the directory
 * and for anything that is neither file, directory nor symlink.
 */
export async function readTree(directory: string): Promise<TreeEntry[]> {
  const entries: TreeEntry[] = [];
  const top = await readdir(directory);
  const isAside = (path: string): boolean => ASIDE.has(path) && FORM.some((name) => top.includes(name));
  const walk = async (folder: string): Promise<void> => {
    for (const name of await readdir(join(directory, folder))) {
      const path = folder === '' ? name : `${folder}/${name}`;
      if (isLeftOut(path) || isAside(path)) continue;
      const stat = await lstat(join(directory, path));
      if (stat.isDirectory()) {
        // Git knows no empty directories: left out, so that a clone and the original are the same.
        const before = entries.length;
        await walk(path);
        if (entries.length > before) entries.push({ path, kind: 'directory', executable: true });
      } else if (stat.isFile()) {
        entries.push({ path, kind: 'file', executable: (stat.mode & 0o100) !== 0 });
      } else if (stat.isSymbolicLink()) {
        entries.push({ path, kind: 'link', executable: false, link: await insideLink(directory, path) });
      } else {
        throw new GitopsError(
          'user',
          `Unable to read definition ${directory}: ${path} is no file, directory or symlink`,
        );
      }
    }
  };
  await walk('');
  return entries.toSorted((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
}

async function insideLink(directory: string, path: string): Promise<string> {
  const link = await readlink(join(directory, path));
  const target = relative(resolve(directory), resolve(directory, dirname(path), link));
  if (isAbsolute(link) || target === '..' || target.startsWith(`..${sep}`)) {
    throw new GitopsError(
      'user',
      `Unable to read definition ${directory}: symlink ${path} leads out of it, to ${link}`,
      {
        advice: ['put the file into the definition instead'],
      },
    );
  }
  return link;
}

/** Hex SHA-256 over paths, kinds, executable bits and contents. Times and owners count nothing. */
export async function digestTree(directory: string): Promise<string> {
  const hash = createHash('sha256');
  for (const entry of await readTree(directory)) {
    hash.update(`${entry.kind} ${entry.executable ? 'x' : '-'} ${Buffer.byteLength(entry.path)}:${entry.path}\n`);
    if (entry.kind === 'link') hash.update(`${entry.link}\n`);
    if (entry.kind === 'file') hash.update(await digestFile(join(directory, entry.path)));
  }
  return hash.digest('hex');
}

async function digestFile(path: string): Promise<Buffer> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest();
}

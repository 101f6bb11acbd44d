import { constants } from 'node:fs';
import { chmod, chown, lchown, lstat, mkdir, open, readlink, rename, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';

export interface FileAttributes {
  readonly mode: number;
  /** ids as the container sees them; default root */
  readonly uid?: number;
  readonly gid?: number;
}

/** Files of a container that does not run, seen from its own root. */
export interface GuestFiles {
  /** Text of a regular file of at most 1 MiB; undefined: not there. */
  read(path: string): Promise<string | undefined>;
  exists(path: string): Promise<boolean>;
  /** Replaces what is at the path, a link as well. The folder must be there. */
  write(path: string, content: string, attributes?: FileAttributes): Promise<void>;
  /** Makes a folder when it is not there. */
  makeDirectory(path: string, attributes: FileAttributes): Promise<void>;
  /** Puts a symbolic link in the place of whatever file is there. */
  link(path: string, target: string): Promise<void>;
  remove(path: string): Promise<void>;
}

const MAX_SIZE = 1024 * 1024;
const MAX_LINKS = 20;

/**
 * Writes as root into a tree that somebody else made, so no path may lead out of it. Links are followed by hand, as
 * the container would see them, and the host's kernel never gets to follow one: this holds because nothing changes
 * the tree meanwhile (the container is stopped).
 */
export function guestFiles(root: string, firstId: number): GuestFiles {
  const resolve = (path: string, followLast: boolean): Promise<string> => resolveInside(root, path, followLast);

  /** The folder is resolved, the last name is taken as it stands. */
  const place = (path: string): Promise<string> => resolve(path, false);

  const files: GuestFiles = {
    async read(path) {
      const real = await resolve(path, true);
      const found = await statOf(real);
      if (found === undefined) return undefined;
      if (!found.isFile()) throw new Error(`'${path}' in the container is not a regular file`);
      if (found.size > MAX_SIZE) throw new Error(`'${path}' in the container is too large`);
      const handle = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW);
      try {
        return await handle.readFile('utf8');
      } finally {
        await handle.close();
      }
    },
    async exists(path) {
      return (await statOf(await resolve(path, true))) !== undefined;
    },
    async write(path, content, attributes = { mode: 0o644 }) {
      const real = await place(path);
      if ((await statOf(real))?.isDirectory()) throw new Error(`'${path}' in the container is a directory`);
      const temporary = join(dirname(real), `.pve-gitops-${process.pid}.tmp`);
      await rm(temporary, { force: true });
      const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
      const handle = await open(temporary, flags, 0o600);
      try {
        await handle.writeFile(content);
        await handle.chown(firstId + (attributes.uid ?? 0), firstId + (attributes.gid ?? 0));
        await handle.chmod(attributes.mode);
      } finally {
        await handle.close();
      }
      await rename(temporary, real);
    },
    async makeDirectory(path, attributes) {
      const real = await place(path);
      const found = await statOf(real);
      if (found?.isDirectory()) return;
      if (found !== undefined) throw new Error(`'${path}' in the container is not a directory`);
      await mkdir(real, { mode: 0o700 });
      await chown(real, firstId + (attributes.uid ?? 0), firstId + (attributes.gid ?? 0));
      await chmod(real, attributes.mode);
    },
    async link(path, target) {
      const real = await place(path);
      await rm(real, { force: true });
      await symlink(target, real);
      await lchown(real, firstId, firstId);
    },
    async remove(path) {
      await rm(await place(path), { force: true });
    },
  };
  return files;
}

async function statOf(path: string): Promise<Awaited<ReturnType<typeof lstat>> | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** The host's path of a container's path, with every link on the way read as the container would read it. */
export async function resolveInside(root: string, path: string, followLast: boolean): Promise<string> {
  const pending = path.split('/').filter((part) => part !== '' && part !== '.');
  const done: string[] = [];
  let links = 0;
  for (let part = pending.shift(); part !== undefined; part = pending.shift()) {
    if (part === '..') {
      done.pop();
      continue;
    }
    const here = join(root, ...done, part);
    const last = pending.length === 0;
    const found = last && !followLast ? undefined : await statOf(here);
    if (!found?.isSymbolicLink()) {
      done.push(part);
      continue;
    }
    links += 1;
    if (links > MAX_LINKS) throw new Error(`too many symbolic links on the way to '${path}' in the container`);
    const target = await readlink(here);
    if (target.startsWith('/')) done.length = 0;
    pending.unshift(...target.split('/').filter((name) => name !== '' && name !== '.'));
  }
  return join(root, ...done);
}

import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { chmod, link, lstat, mkdir, mkdtemp, open, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { GitopsError } from '../../model/errors.ts';

/**
 * Makes sure that a secret file exists, and that nobody else can read it. Whoever makes it first has made it: the finished
 * file gets its name by a hard link, which is refused when the name is taken. So two processes at once end with one file, a
 * killed one leaves no half file and no lock behind, and nothing is ever overwritten.
 *
 * @param make writes the content to the given path, which does not exist yet
 */
export async function ensurePrivateFile(path: string, make: (path: string) => Promise<void>): Promise<void> {
  const directory = dirname(path);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await checkDirectory(directory);
  if (await isPrivate(path)) return;
  const workshop = await mkdtemp(join(directory, '.new-'));
  try {
    const made = join(workshop, randomBytes(8).toString('hex'));
    await make(made);
    await chmod(made, 0o600);
    await flush(made);
    await link(made, path).catch((error: unknown) => {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    });
    await flush(directory);
  } finally {
    await rm(workshop, { recursive: true, force: true });
  }
  if (!(await isPrivate(path))) throw unusable(path, 'it was removed while it was made');
}

/** Reads a secret file that nobody else can read; the check and the reading are of the same open file. */
export async function readPrivateFile(path: string): Promise<Buffer> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const { mode, uid } = await file.stat();
    if ((mode & 0o077) !== 0 || uid !== process.geteuid?.()) throw unusable(path, 'others can read it');
    return await file.readFile();
  } finally {
    await file.close();
  }
}

async function isPrivate(path: string): Promise<boolean> {
  const found = await lstat(path).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw unusable(path, String(error), error);
  });
  if (found === undefined) return false;
  if (!found.isFile()) throw unusable(path, 'it is not a regular file');
  if (found.uid !== process.geteuid?.()) {
    throw unusable(path, `it belongs to user ${found.uid}, not to the user who runs this`);
  }
  if ((found.mode & 0o077) !== 0) {
    throw unusable(path, `others can read it (mode ${(found.mode & 0o777).toString(8)})`, undefined, [
      `chmod 600 ${path}`,
      'If somebody else may have read it: remove the file, and deploy each container anew so that it trusts the new key',
    ]);
  }
  if (found.size === 0) throw unusable(path, 'it is empty');
  return true;
}

async function checkDirectory(directory: string): Promise<void> {
  const { mode, uid } = await lstat(directory);
  const ours = uid === process.geteuid?.() || uid === 0;
  if (!ours || (mode & 0o022) !== 0) {
    throw unusable(directory, 'others can change this directory', undefined, [`chmod 700 ${directory}`]);
  }
}

/** Containers trust the key from the moment of their creation: it must survive a power cut right after it. */
async function flush(path: string): Promise<void> {
  const file = await open(path, constants.O_RDONLY);
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

function unusable(path: string, reason: string, cause?: unknown, advice: readonly string[] = []): GitopsError {
  return new GitopsError('user', `Unable to use key ${path}: ${reason}`, { cause, advice });
}

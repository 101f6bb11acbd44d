import { randomBytes } from 'node:crypto';
import { chownSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Writes a settings file that only its owner can read, whole or not at all. */
export function writeConfig(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  const fresh = `${path}.${randomBytes(4).toString('hex')}`;
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    // 0600; a file that a group may read on purpose (the runner's, 0640) stays so, but nobody else ever reads it.
    writeFileSync(fresh, text, { mode: found === undefined ? 0o600 : found.mode & 0o640, flag: 'wx' });
    if (found !== undefined) chownSync(fresh, found.uid, found.gid);
    renameSync(fresh, path);
  } finally {
    rmSync(fresh, { force: true });
  }
}

import { randomBytes } from 'node:crypto';
import { chownSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Writes a settings file that only its owner can read, whole or not at all. */
export function writeConfig(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  const fresh = `${path}.${randomBytes(4).toString('hex')}`;
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    // What a group may read on purpose (the runner's, 0640) it may go on reading; one that all could read was a slip.
    const mode = found !== undefined && (found.mode & 0o077) === 0o040 ? 0o640 : 0o600;
    writeFileSync(fresh, text, { mode, flag: 'wx' });
    if (found !== undefined) chownSync(fresh, found.uid, found.gid);
    renameSync(fresh, path);
  } finally {
    rmSync(fresh, { force: true });
  }
}

import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { SharedChange } from './host-change.ts';
import { changeKey } from './host-change.ts';

/**
 * Several nodes on one machine need the same forwarding switch and the same ids. Whoever resets first must not take
 * them from the others, and whoever is last must: this file of the machine says who needs what. It is gone when
 * nobody does.
 */
const FILE = '/var/lib/pve-gitops/shared-changes.json';
const LOCK_DEADLINE = 30_000;
const LOCK_STALE = 20_000;
const POLL = 20;

interface Entry {
  readonly change: SharedChange;
  /** Journals of the nodes that need it. One that is gone needs nothing any more. */
  readonly users: readonly string[];
}

async function locked<T>(file: string, work: () => Promise<T>): Promise<T> {
  const lock = `${file}.lock`;
  await mkdir(dirname(file), { recursive: true, mode: 0o755 });
  const deadline = Date.now() + LOCK_DEADLINE;
  for (;;) {
    try {
      await writeFile(lock, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    if (await isStale(lock)) await rm(lock, { force: true });
    if (Date.now() > deadline) throw new Error(`can't lock file '${lock}' - got timeout`);
    await delay(POLL);
  }
  try {
    return await work();
  } finally {
    await rm(lock, { force: true });
  }
}

/** Held by a process that is gone, or for so long that nobody can be at work under it. */
async function isStale(lock: string): Promise<boolean> {
  const age = await stat(lock).then(
    ({ mtimeMs }) => Date.now() - mtimeMs,
    () => 0,
  );
  const holder = (await readFile(lock, 'utf8').catch(() => '')).trim();
  return age > LOCK_STALE || (holder !== '' && !existsSync(`/proc/${holder}`));
}

async function load(file: string): Promise<Map<string, Entry>> {
  const text = await readFile(file, 'utf8').catch(() => '[]');
  const entries = JSON.parse(text) as readonly Entry[];
  return new Map(
    entries.map((entry) => [
      changeKey(entry.change),
      { ...entry, users: entry.users.filter((user) => existsSync(user)) },
    ]),
  );
}

async function save(file: string, entries: ReadonlyMap<string, Entry>): Promise<void> {
  if (entries.size === 0) {
    await rm(file, { force: true });
    return;
  }
  const temporary = `${file}.${process.pid}`;
  await writeFile(temporary, JSON.stringify([...entries.values()], null, 1), { mode: 0o644 });
  await rename(temporary, file);
}

/**
 * Says that the node with this journal needs the change, and makes it where needed. `make` is told what was noted
 * when it was first made. The caller has written its own journal before.
 */
export async function shareChange(
  change: SharedChange,
  journal: string,
  make: (change: SharedChange) => Promise<void>,
  file = FILE,
): Promise<void> {
  await locked(file, async () => {
    const entries = await load(file);
    const known = entries.get(changeKey(change));
    const noted = known?.change ?? change;
    entries.set(changeKey(change), { change: noted, users: [...new Set([...(known?.users ?? []), journal])] });
    await save(file, entries);
    await make(noted);
  });
}

/** Whether some node of this machine made this change already. */
export async function isSharedAlready(change: SharedChange, file = FILE): Promise<boolean> {
  return (await load(file)).has(changeKey(change));
}

/** Says that the node needs it no more; `undo` is called for the last one. */
export async function releaseChange(
  change: SharedChange,
  journal: string,
  undo: (change: SharedChange) => Promise<void>,
  file = FILE,
): Promise<void> {
  await locked(file, async () => {
    const entries = await load(file);
    const known = entries.get(changeKey(change));
    const users = (known?.users ?? []).filter((user) => user !== journal);
    if (known === undefined) return;
    if (users.length > 0) {
      entries.set(changeKey(change), { ...known, users });
    } else {
      await undo(known.change);
      entries.delete(changeKey(change));
    }
    await save(file, entries);
  });
  await rmdir(dirname(file)).catch(() => undefined);
}

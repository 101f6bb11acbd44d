import { constants } from 'node:fs';
import { open, readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { HostChange } from './host-change.ts';
import { changeKey } from './host-change.ts';

/** Which changes of ours the host carries, or may carry: each is on disk before it is made. */
export interface HostJournal {
  /** Oldest first. */
  changes(): readonly HostChange[];
  has(change: HostChange): boolean;
  /** Returns when the change is on disk. Doing it twice is one entry. */
  add(change: HostChange): Promise<void>;
  /** After the change was taken back. The last one removes the file. */
  remove(change: HostChange): Promise<void>;
}

type Line = { readonly did: HostChange } | { readonly undid: string };

/** A line that a crash cut off was never acted upon; it is passed over. */
function parse(text: string): Map<string, HostChange> {
  const changes = new Map<string, HostChange>();
  for (const line of text.split('\n')) {
    let entry: Line;
    try {
      entry = JSON.parse(line) as Line;
    } catch {
      continue;
    }
    if ('did' in entry) changes.set(changeKey(entry.did), entry.did);
    else changes.delete(entry.undid);
  }
  return changes;
}

async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export async function openHostJournal(path: string): Promise<HostJournal> {
  const changes = parse(await readFile(path, 'utf8').catch(() => ''));
  let queue = Promise.resolve();

  const append = (line: Line): Promise<void> => {
    const written = queue.then(async () => {
      const handle = await open(path, 'a', 0o600);
      try {
        // The leading line end closes a line that a crash left open.
        await handle.writeFile(`\n${JSON.stringify(line)}\n`);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await syncDirectory(dirname(path));
    });
    queue = written.catch(() => undefined);
    return written;
  };

  return {
    changes: () => [...changes.values()],
    has: (change) => changes.has(changeKey(change)),
    async add(change) {
      if (changes.has(changeKey(change))) return;
      await append({ did: change });
      changes.set(changeKey(change), change);
    },
    async remove(change) {
      await append({ undid: changeKey(change) });
      changes.delete(changeKey(change));
      if (changes.size === 0) await rm(path, { force: true });
    },
  };
}

import { chmod, mkdir, readdir, rename, rmdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { StorageUsage, Volume } from '../backend.ts';
import type { Trees } from './trees.ts';
import { inTheMaking, setAside } from './volume-leftovers.ts';
import type { VolumeStore } from './volume-store.ts';
import { volumeFolder } from './volume-store.ts';

/** A rollback that ended half-way would leave volumes of different times. */
const NEVER = new AbortController().signal;
const SNAPSHOT = /^[A-Za-z][\w-]*$/;
/** Bases of templates, in the names of every storage type. */
const BASE = /^base-/;

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

/** Makes the folder of a container's volumes; its root walks through it. */
async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true });
  await chmod(path, 0o711);
}

/**
 * Volumes in trees, below one folder per storage and container, all in the file system at `root`; `<volume>@<name>` is a snapshot. Whatever takes more
 * than one step happens beside the place and is put there at the end: a kill leaves what `removeLeftovers` knows.
 */
export function treeVolumes(
  trees: Trees,
  folderOf: (storage: string) => string,
  usage: (storage: string) => Promise<StorageUsage>,
  root: string,
): VolumeStore {
  const path = (volume: Volume, snapshot?: string): string => {
    const place = join(folderOf(volume.storage), volumeFolder(volume));
    if (snapshot === undefined) return place;
    if (!SNAPSHOT.test(snapshot)) throw new Error(`invalid snapshot name '${snapshot}'`);
    return `${place}@${snapshot}`;
  };

  const removeIfThere = async (place: string): Promise<void> => {
    if (await exists(place)) await trees.remove(place);
  };

  /** Fills a place beside the final one; a failure leaves nothing. */
  const prepare = async (place: string, fill: (draft: string) => Promise<void>): Promise<string> => {
    const draft = inTheMaking(place);
    await removeIfThere(draft);
    try {
      await fill(draft);
    } catch (error) {
      await removeIfThere(draft);
      throw error;
    }
    return draft;
  };

  return {
    kind: trees.kind,
    path,
    usage,
    volumeUsage: (volume) => trees.used(path(volume)),
    async allocate(volume) {
      await makeFolder(dirname(path(volume)));
      await trees.make(path(volume));
      try {
        await trees.limit(path(volume), volume.size);
      } catch (error) {
        await trees.remove(path(volume));
        throw error;
      }
    },
    async free(volume) {
      const place = path(volume);
      const names = await readdir(dirname(place)).catch(() => []);
      // the volume last: as long as it is there, a second attempt finds the rest
      for (const name of names.filter((other) => other.startsWith(`${basename(place)}@`))) {
        await trees.remove(join(dirname(place), name));
      }
      await removeIfThere(place);
      await rmdir(dirname(place)).catch(() => undefined);
    },
    async grow(volume, size, log) {
      await stat(path(volume));
      await trees.limit(path(volume), size);
      if (trees.kind === 'directory') log('the volume is a directory: it has no size of its own');
    },
    flush: () => trees.flush(root),
    async snapshot(volume, name, log, signal) {
      const place = path(volume, name);
      const draft = await prepare(place, (to) => trees.duplicate(path(volume), to, log, signal));
      await rename(draft, place);
    },
    dropSnapshot: (volume, name) => removeIfThere(path(volume, name)),
    async rollback(volume, name, log) {
      const place = path(volume);
      if (!(await exists(path(volume, name)))) throw new Error(`snapshot '${name}' of '${volume.name}' does not exist`);
      const draft = await prepare(place, async (to) => {
        await trees.duplicate(path(volume, name), to, log, NEVER);
        await trees.limit(to, volume.size);
      });
      await rename(place, setAside(place));
      await rename(draft, place);
      await trees.remove(setAside(place));
    },
    async copy(source, target, snapshot, log, signal) {
      const place = path(target);
      await makeFolder(dirname(place));
      const draft = await prepare(place, async (to) => {
        await trees.duplicate(path(source, snapshot), to, log, signal);
        await trees.limit(to, target.size);
        signal.throwIfAborted();
      });
      await rename(draft, place);
    },
    async rename(volume, target) {
      const [from, to] = [path(volume), path(target)];
      if (await exists(from)) {
        await makeFolder(dirname(to));
        // a closed tree cannot go to another folder
        if (BASE.test(basename(from))) await trees.setReadOnly(from, false);
        if (from !== to) await rename(from, to);
        await rmdir(dirname(from)).catch(() => undefined);
      }
      await trees.setReadOnly(to, BASE.test(basename(to)));
    },
  };
}

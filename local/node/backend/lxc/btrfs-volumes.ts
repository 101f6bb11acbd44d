import { chmod, mkdir, rmdir, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Volume } from '../backend.ts';
import type { BtrfsPool } from './btrfs-pool.ts';
import { runChecked, runCommand } from './run-command.ts';
import type { VolumeStore } from './volume-store.ts';
import { volumeFolder } from './volume-store.ts';

const DEADLINE = 60_000;
const DELETE_DEADLINE = 5 * 60_000;

async function btrfs(...args: readonly string[]): Promise<string> {
  return await runChecked(['btrfs', ...args], { timeout: DEADLINE });
}

/** Paths below the pool of subvolumes inside one, deepest first: a container's root may make its own. */
export function nestedSubvolumes(listing: string): readonly string[] {
  const paths = listing.split('\n').flatMap((line) => {
    const path = / path (.+)$/.exec(line)?.[1];
    return path === undefined ? [] : [path];
  });
  return [...paths].sort((a, b) => b.split('/').length - a.split('/').length);
}

async function deleteSubvolume(pool: BtrfsPool, path: string): Promise<void> {
  // `-o` lists one level; a deletion that is refused tells that there is a deeper one.
  for (const nested of nestedSubvolumes(await btrfs('subvolume', 'list', '-o', path))) {
    await deleteSubvolume(pool, join(pool.path, nested));
  }
  const id = (await btrfs('inspect-internal', 'rootid', path)).trim();
  await runChecked(['btrfs', 'subvolume', 'delete', path], { timeout: DELETE_DEADLINE });
  // The group of a subvolume outlives it; while the kernel still clears it away this is refused, and costs only a row.
  await runCommand(['btrfs', 'qgroup', 'destroy', `0/${id}`, pool.path], { timeout: DEADLINE });
}

/** `btrfs qgroup show --raw -f`: id, referenced, exclusive. */
export function referencedBytes(output: string): number {
  const line = output.split('\n').find((text) => /^\d+\/\d+\s/.test(text.trim()));
  return Number(line?.trim().split(/\s+/)[1] ?? 0);
}

/** Volumes as subvolumes; `known` says which storages there are, `spaceBehind` what the machine has left. */
export function btrfsVolumes(
  pool: BtrfsPool,
  known: (storage: string) => boolean,
  spaceBehind: () => Promise<number>,
): VolumeStore {
  const path = (volume: Volume): string => {
    if (!known(volume.storage)) throw new Error(`storage '${volume.storage}' does not exist`);
    return join(pool.path, volume.storage, volumeFolder(volume));
  };
  const limit = async (volume: Volume, size: number): Promise<void> => {
    await btrfs('qgroup', 'limit', size === 0 ? 'none' : String(size), path(volume));
  };
  return {
    kind: 'btrfs',
    path,
    async allocate(volume) {
      const folder = dirname(path(volume));
      await mkdir(folder, { recursive: true });
      await chmod(folder, 0o711);
      await btrfs('subvolume', 'create', path(volume));
      try {
        await limit(volume, volume.size);
      } catch (error) {
        await deleteSubvolume(pool, path(volume));
        throw error;
      }
    },
    async free(volume) {
      if ((await stat(path(volume)).catch(() => undefined)) === undefined) return;
      await deleteSubvolume(pool, path(volume));
      await rmdir(dirname(path(volume))).catch(() => undefined);
    },
    async grow(volume, size) {
      await limit(volume, size);
    },
    async usage(storage) {
      if (!known(storage)) throw new Error(`storage '${storage}' does not exist`);
      const { blocks, bfree, bavail, bsize } = await statfs(pool.path);
      const available = Math.min(bavail * bsize, await spaceBehind());
      const used = (blocks - bfree) * bsize;
      return { total: used + available, used, available };
    },
    async volumeUsage(volume) {
      return referencedBytes(await btrfs('qgroup', 'show', '--raw', '-f', path(volume)));
    },
  };
}

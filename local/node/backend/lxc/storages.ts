import { existsSync } from 'node:fs';
import { mkdir, readFile, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { StorageUsage } from '../backend.ts';
import type { BtrfsPool } from './btrfs-pool.ts';
import { dropBtrfsPool, openBtrfsPool, spaceBehind } from './btrfs-pool.ts';
import { btrfsTrees } from './btrfs-trees.ts';
import { directoryTrees } from './directory-trees.ts';
import type { HostChanger } from './host-changer.ts';
import { ensureMount } from './host-mounts.ts';
import type { Layout } from './layout.ts';
import { storageView } from './layout.ts';
import { treeVolumes } from './tree-volumes.ts';
import { removeLeftovers } from './volume-leftovers.ts';
import type { Storage, VolumeStore } from './volume-store.ts';

type Kind = VolumeStore['kind'];

/** Which kind this node's volumes are of: decided once, because the volumes of one kind are none of the other's. */
async function keptKind(layout: Layout): Promise<Kind | undefined> {
  const text = await readFile(join(layout.state, 'volume-kind.json'), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as { readonly kind: Kind }).kind;
}

type Log = (line: string) => void;

/** The folder of a storage that is known. */
function folders(
  storages: () => readonly Storage[],
  folderOf: (storage: string) => string,
): (storage: string) => string {
  return (storage) => {
    if (!storages().some((known) => known.storage === storage)) throw new Error(`storage '${storage}' does not exist`);
    return folderOf(storage);
  };
}

async function inDirectories(
  changer: HostChanger,
  layout: Layout,
  storages: () => readonly Storage[],
  log: Log,
): Promise<VolumeStore> {
  // one that is new since then has no folder yet
  const mounted = [...storages()];
  const folderOf = folders(
    () => mounted,
    (storage) => storageView(layout, storage),
  );
  for (const { storage, path } of mounted) {
    const images = join(path, 'images');
    await mkdir(images, { recursive: true });
    await ensureMount(changer, storageView(layout, storage), ['mount', '--bind', images]);
    await removeLeftovers(directoryTrees, folderOf(storage), log);
  }
  const usage = async (storage: string): Promise<StorageUsage> => {
    const { blocks, bfree, bavail, bsize } = await statfs(folderOf(storage));
    return { total: blocks * bsize, used: (blocks - bfree) * bsize, available: bavail * bsize };
  };
  return treeVolumes(directoryTrees, folderOf, usage, layout.run);
}

async function inPool(
  layout: Layout,
  pool: BtrfsPool,
  storages: () => readonly Storage[],
  log: Log,
): Promise<VolumeStore> {
  const folderOf = folders(storages, (storage) => join(pool.path, storage));
  for (const { storage } of storages()) await removeLeftovers(btrfsTrees, folderOf(storage), log);
  const usage = async (storage: string): Promise<StorageUsage> => {
    folderOf(storage);
    const { blocks, bfree, bavail, bsize } = await statfs(pool.path);
    const available = Math.min(bavail * bsize, await spaceBehind(layout));
    const used = (blocks - bfree) * bsize;
    return { total: used + available, used, available };
  };
  return treeVolumes(btrfsTrees, folderOf, usage, pool.path);
}

/** A node of before there was btrfs, or whose file was lost, has its volumes in directories. */
function hasDirectories(storages: readonly Storage[]): boolean {
  return storages.some(({ path }) => existsSync(join(path, 'images')));
}

/** btrfs where the machine can have it, else directories: they know no sizes, and their clones are copies. */
export async function openStorages(
  changer: HostChanger,
  layout: Layout,
  storages: () => readonly Storage[],
  log: Log,
): Promise<VolumeStore> {
  const kept = await keptKind(layout);
  const wanted = kept ?? (hasDirectories(storages()) ? 'directory' : 'btrfs');
  let pool: BtrfsPool | undefined;
  if (wanted === 'btrfs') {
    try {
      pool = await openBtrfsPool(changer, layout);
    } catch (error) {
      if (kept === 'btrfs') throw error;
      await dropBtrfsPool(changer, layout);
      log(`volumes are plain directories: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  const kind: Kind = pool === undefined ? 'directory' : 'btrfs';
  if (kept === undefined) await writeFile(join(layout.state, 'volume-kind.json'), `${JSON.stringify({ kind })}\n`);
  return pool === undefined
    ? await inDirectories(changer, layout, storages, log)
    : await inPool(layout, pool, storages, log);
}

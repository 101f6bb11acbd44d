import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BtrfsPool } from './btrfs-pool.ts';
import { dropBtrfsPool, openBtrfsPool, spaceBehind } from './btrfs-pool.ts';
import { btrfsVolumes } from './btrfs-volumes.ts';
import { directoryVolumes } from './directory-volumes.ts';
import type { HostChanger } from './host-changer.ts';
import { ensureMount } from './host-mounts.ts';
import type { Layout } from './layout.ts';
import { storageView } from './layout.ts';
import type { Storage, VolumeStore } from './volume-store.ts';

type Kind = VolumeStore['kind'];

/** Which kind this node's volumes are of: decided once, because the volumes of one kind are none of the other's. */
async function keptKind(layout: Layout): Promise<Kind | undefined> {
  const text = await readFile(join(layout.state, 'volume-kind.json'), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as { readonly kind: Kind }).kind;
}

async function directories(changer: HostChanger, layout: Layout, storages: readonly Storage[]): Promise<VolumeStore> {
  for (const { storage, path } of storages) {
    const images = join(path, 'images');
    await mkdir(images, { recursive: true });
    await ensureMount(changer, storageView(layout, storage), ['mount', '--bind', images]);
  }
  return directoryVolumes((storage) => {
    if (!storages.some((known) => known.storage === storage)) throw new Error(`storage '${storage}' does not exist`);
    return storageView(layout, storage);
  });
}

/** A node of before there was btrfs, or whose file was lost, has its volumes in directories. */
function hasDirectories(storages: readonly Storage[]): boolean {
  return storages.some(({ path }) => existsSync(join(path, 'images')));
}

/** btrfs where the machine can have it, else directories: they know no sizes, and their clones are copies. */
export async function openStorages(
  changer: HostChanger,
  layout: Layout,
  storages: readonly Storage[],
  log: (line: string) => void,
): Promise<VolumeStore> {
  const kept = await keptKind(layout);
  const wanted = kept ?? (hasDirectories(storages) ? 'directory' : 'btrfs');
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
  if (pool === undefined) return await directories(changer, layout, storages);
  const known = (storage: string): boolean => storages.some((each) => each.storage === storage);
  return btrfsVolumes(pool, known, () => spaceBehind(layout));
}

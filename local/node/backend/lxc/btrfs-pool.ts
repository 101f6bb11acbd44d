import { existsSync } from 'node:fs';
import { open, rename, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { HostChanger } from './host-changer.ts';
import { ensureMount } from './host-mounts.ts';
import type { Layout } from './layout.ts';
import { runChecked } from './run-command.ts';

const DEADLINE = 60_000;
const GIB = 1024 ** 3;
const SMALLEST = 4 * GIB;
/** Share of the free space that the file may grow to: the rest stays the machine's. */
const SHARE = 0.8;

export interface BtrfsPool {
  /** Where the file system is mounted. */
  readonly path: string;
}

function poolFile(layout: Layout): string {
  return join(layout.state, 'volumes.btrfs');
}

/** A sparse file: it takes the space of what is in it, and gives it back when that is freed. */
async function makePoolFile(layout: Layout): Promise<void> {
  const { bavail, bsize } = await statfs(layout.state);
  const size = Math.floor((bavail * bsize * SHARE) / GIB) * GIB;
  if (size < SMALLEST) throw new Error('there is too little space for a file system of its own');
  const part = `${poolFile(layout)}.part`;
  await rm(part, { force: true });
  const handle = await open(part, 'wx', 0o600);
  try {
    await handle.truncate(size);
  } finally {
    await handle.close();
  }
  // One copy of the metadata: a second one in the same file protects from nothing.
  await runChecked(['mkfs.btrfs', '-q', '-m', 'single', part], { timeout: DEADLINE });
  await rename(part, poolFile(layout));
}

/**
 * A btrfs file system of our own in a loop file: clones and snapshots at once, and volumes with a real size, on any
 * machine that has the kernel's part and the tools. Throws where it cannot be had.
 */
export async function openBtrfsPool(changer: HostChanger, layout: Layout): Promise<BtrfsPool> {
  const path = join(layout.run, 'pool');
  if (!existsSync(poolFile(layout))) await makePoolFile(layout);
  const options = 'loop,noatime,discard=async';
  await ensureMount(changer, path, ['mount', '-t', 'btrfs', '-o', options, poolFile(layout)]);
  // Idempotent; sizes of volumes are limits of quota groups.
  await runChecked(['btrfs', 'quota', 'enable', path], { timeout: DEADLINE });
  return { path };
}

/** Takes back a pool that could not be opened the first time, and has no volumes therefore. */
export async function dropBtrfsPool(changer: HostChanger, layout: Layout): Promise<void> {
  const change = { kind: 'mount', path: join(layout.run, 'pool') } as const;
  if (changer.has(change)) await changer.undo(change);
  await rm(poolFile(layout), { force: true });
}

/** What the file can still grow by before the machine itself is full. */
export async function spaceBehind(layout: Layout): Promise<number> {
  const { bavail, bsize } = await statfs(layout.state);
  return bavail * bsize;
}

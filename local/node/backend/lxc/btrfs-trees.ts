import { realpath, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { runChecked, runCommand } from './run-command.ts';
import type { Trees } from './trees.ts';

const DEADLINE = 60_000;
const LONG_DEADLINE = 10 * 60_000;

/** Inode numbers of a subvolume's root, and of the empty folder that a snapshot shows in the place of a nested one. */
const ROOT_INODE = '256';
const STUB_INODE = '2';

async function btrfs(...args: readonly string[]): Promise<string> {
  return await runChecked(['btrfs', ...args], { timeout: DEADLINE, bound: true });
}

/** `btrfs qgroup show --raw -f`: id, referenced, exclusive. */
export function referencedBytes(output: string): number {
  const line = output.split('\n').find((text) => /^\d+\/\d+\s/.test(text.trim()));
  return Number(line?.trim().split(/\s+/)[1] ?? 0);
}

/** Whether somebody made subvolumes inside: a container's root may. */
async function hasNested(path: string): Promise<boolean> {
  return (await btrfs('subvolume', 'list', '-o', path)).trim() !== '';
}

/**
 * Folders below, relative, with this inode number, on this file system: one level of nesting. Not read from btrfs's
 * own list: a name may hold line ends, and so pose as the path of somebody else's volume.
 */
async function foldersWithInode(path: string, inode: string): Promise<readonly string[]> {
  const argv = ['find', path, '-mindepth', '1', '-xdev', '-type', 'd', '-inum', inode, '-printf', '%P\\0'];
  return (await runChecked(argv, { timeout: LONG_DEADLINE })).split('\0').filter((name) => name !== '');
}

async function duplicate(from: string, to: string, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  await btrfs('subvolume', 'snapshot', from, to);
  if (!(await hasNested(from))) return;
  // looked for in the copy, which nobody else can reach
  const source = await realpath(from);
  for (const name of await foldersWithInode(to, STUB_INODE)) {
    const nested = join(source, name);
    // one that was taken away and replaced by a link meanwhile must not lead to another volume
    if ((await realpath(nested).catch(() => undefined)) !== nested) continue;
    await rmdir(join(to, name));
    await duplicate(nested, join(to, name), signal);
  }
}

async function remove(path: string): Promise<void> {
  if (await hasNested(path)) {
    await setReadOnly(path, false);
    for (const name of await foldersWithInode(path, ROOT_INODE)) await remove(join(path, name));
  }
  const id = (await btrfs('inspect-internal', 'rootid', path)).trim();
  await runChecked(['btrfs', 'subvolume', 'delete', path], { timeout: LONG_DEADLINE, bound: true });
  // The group of a subvolume outlives it; while the kernel still clears it away this is refused, and costs only a row.
  await runCommand(['btrfs', 'qgroup', 'destroy', `0/${id}`, join(path, '..')], { timeout: DEADLINE });
}

async function setReadOnly(path: string, readOnly: boolean): Promise<void> {
  await btrfs('property', 'set', '-ts', path, 'ro', String(readOnly));
}

/** Trees as subvolumes: a copy is a snapshot, made at once, that shares what neither side changes. */
export const btrfsTrees: Trees = {
  kind: 'btrfs',
  async make(path) {
    await btrfs('subvolume', 'create', path);
  },
  duplicate: (from, to, _log, signal) => duplicate(from, to, signal),
  remove,
  async flush(path) {
    await btrfs('filesystem', 'sync', path);
  },
  async limit(path, bytes) {
    await btrfs('qgroup', 'limit', bytes === 0 ? 'none' : String(bytes), path);
  },
  async used(path) {
    return referencedBytes(await btrfs('qgroup', 'show', '--raw', '-f', path));
  },
  setReadOnly,
};

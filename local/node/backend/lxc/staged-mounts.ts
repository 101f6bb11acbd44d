import { constants } from 'node:fs';
import { mkdir, open, readFile, rmdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { MountPoint, Volume } from '../backend.ts';
import type { Layout } from './layout.ts';
import { runChecked, runCommand } from './run-command.ts';

const DEADLINE = 30_000;

function folderOf(layout: Layout, vmid: number): string {
  return join(layout.run, 'mounts', String(vmid));
}

/** Volumes that may be written are handed on as they are. */
export function isStaged(point: MountPoint): boolean {
  return point.source.kind !== 'volume' || point.readOnly;
}

/** Where a staged mount point is seen by the container's start. */
export function stagedPath(layout: Layout, vmid: number, key: string): string {
  return join(folderOf(layout, vmid), key);
}

async function mount(...args: readonly string[]): Promise<void> {
  await runChecked(['mount', ...args], { timeout: DEADLINE });
}

/** A mount point without its source would end in lxc's words; these are Proxmox VE's. */
export async function requireSource(mount: MountPoint): Promise<void> {
  if (mount.source.kind === 'volume') return;
  const { kind, path } = mount.source;
  const found = await stat(path).catch(() => undefined);
  if (kind === 'bind' && !found?.isDirectory()) throw new Error(`directory '${path}' does not exist`);
  if (kind === 'device' && !found?.isBlockDevice()) throw new Error(`Device ${path} is not a block device`);
}

/**
 * Mounts a mount point's source on the host, as root: a container's own root often cannot walk to a directory of the
 * host, and must not decide what is read-only. Returns the host path to hand on.
 */
export async function stageMount(
  layout: Layout,
  vmid: number,
  point: MountPoint,
  pathOf: (volume: Volume) => string,
): Promise<string> {
  const target = stagedPath(layout, vmid, point.key);
  await mkdir(target, { recursive: true });
  if (point.source.kind === 'device') {
    await mount(...(point.readOnly ? ['-o', 'ro'] : []), point.source.path, target);
    return target;
  }
  const path = point.source.kind === 'volume' ? pathOf(point.source.volume) : point.source.path;
  // Held open meanwhile: a path of the host belongs to people, and may be swapped between the check and the mount.
  const source = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await mount('--bind', `/proc/${process.pid}/fd/${source.fd}`, target);
  } finally {
    await source.close();
  }
  if (point.readOnly) await mount('-o', 'remount,bind,ro', target);
  return target;
}

/** Takes one staged mount back; copies inside a container live on. */
export async function unstageMount(layout: Layout, vmid: number, key: string): Promise<void> {
  const target = stagedPath(layout, vmid, key);
  await runCommand(['umount', target], { timeout: DEADLINE });
  await rmdir(target).catch(() => undefined);
  await rmdir(folderOf(layout, vmid)).catch(() => undefined);
}

/** Takes all of a container's staged mounts back; it does not run. */
export async function unstageAll(layout: Layout, vmid: number): Promise<void> {
  const below = `${folderOf(layout, vmid)}/`;
  const lines = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n');
  const targets = lines.map((line) => line.split(' ')[4] ?? '').filter((target) => target.startsWith(below));
  for (const target of targets.reverse()) await unstageMount(layout, vmid, target.slice(below.length));
}

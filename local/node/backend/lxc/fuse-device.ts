import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ContainerSpec } from '../backend.ts';
import type { Layout } from './layout.ts';
import { runChecked } from './run-command.ts';
import { stagedPath } from './staged-mounts.ts';

const DEADLINE = 30_000;

/** Beside mount points, which are called mp0 and so on: it goes when theirs go. */
const KEY = 'dev';

/** The kernel's number of it, the same on every machine. */
const MAJOR = '10';
const MINOR = '229';

export function hasFuse(spec: ContainerSpec): boolean {
  return spec.features.fuse === '1';
}

/** Host path of what a container sees as /dev/fuse. */
export function fuseDevice(layout: Layout, vmid: number): string {
  return join(stagedPath(layout, vmid, KEY), 'fuse');
}

/**
 * A device node that everybody may open, as /dev/fuse is on a Proxmox VE host: the machine's own is often root's alone, where
 * no udev has set it up. It lies on a file system of its own, because /run has no devices. What a container mounts with it is
 * seen in that container only.
 */
export async function stageFuse(layout: Layout, vmid: number): Promise<void> {
  const folder = stagedPath(layout, vmid, KEY);
  await mkdir(folder, { recursive: true });
  const options = 'nosuid,noexec,mode=0755,size=64k';
  await runChecked(['mount', '-t', 'tmpfs', '-o', options, 'pve-gitops', folder], { timeout: DEADLINE });
  await runChecked(['mknod', '-m', '0666', fuseDevice(layout, vmid), 'c', MAJOR, MINOR], { timeout: DEADLINE });
}

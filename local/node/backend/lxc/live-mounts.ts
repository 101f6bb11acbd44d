import { constants } from 'node:fs';
import { mkdir, open, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ContainerSpec, MountPoint } from '../backend.ts';
import { HotplugError } from '../backend.ts';
import { ownVolume, requireSource, sourcePath } from './container-prepare.ts';
import { runInGuest } from './guest-run.ts';
import type { HostSession } from './host-session.ts';
import { HOTPLUG_TARGET } from './lxc-config.ts';
import { runChecked, runCommand } from './run-command.ts';

const DEADLINE = 15_000;

async function mount(...args: readonly string[]): Promise<void> {
  await runChecked(['mount', ...args], { timeout: DEADLINE });
}

/** Mounts that showed inside have their copies there; what is left on the host can go. */
async function unmount(path: string): Promise<void> {
  await runCommand(['umount', path], { timeout: DEADLINE });
  await rmdir(path).catch(() => undefined);
}

/**
 * A mount point of a running container. It is mounted on the host below a folder whose mounts show inside the
 * container, which then puts it where it belongs with its own rights: no program of the container runs with ours, and
 * no path of the container is walked by us.
 */
async function addMount(session: HostSession, spec: ContainerSpec, point: MountPoint): Promise<void> {
  if (point.source.kind === 'device') throw new Error('devices need a restart');
  await requireSource(point);
  await ownVolume(session, spec, point);
  const staging = join(session.layout.run, `staging-${spec.vmid}-${point.key}`);
  const shown = join(session.layout.hotplug, String(spec.vmid), point.key);
  await mkdir(staging, { recursive: true });
  await mkdir(shown, { recursive: true });
  // Held open while it is mounted: the path of a bind mount belongs to people, and may be swapped meanwhile.
  const source = await open(sourcePath(session, point), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await mount('--bind', `/proc/${process.pid}/fd/${source.fd}`, staging);
    // Read-only before it shows inside, where the container's root could not lift it any more.
    if (point.readOnly) await mount('-o', 'remount,bind,ro', staging);
    await mount('--bind', staging, shown);
    const script = 'mkdir -p "$2" && mount --bind "$1" "$2"';
    await runInGuest(session.layout, spec.vmid, script, [`${HOTPLUG_TARGET}/${point.key}`, point.path]);
  } finally {
    await source.close();
    await unmount(shown);
    await unmount(staging);
  }
}

/** Adds the mount points that are new; changes of existing ones wait for a restart. */
export async function addMounts(session: HostSession, before: ContainerSpec, after: ContainerSpec): Promise<void> {
  for (const point of after.mounts) {
    if (before.mounts.some(({ key }) => key === point.key)) continue;
    try {
      await addMount(session, after, point);
    } catch (error) {
      throw new HotplugError(point.key, error instanceof Error ? error.message : String(error));
    }
  }
}

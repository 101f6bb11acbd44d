import { mkdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ContainerSpec, MountPoint } from '../backend.ts';
import { HotplugError } from '../backend.ts';
import { ownVolume } from './container-prepare.ts';
import { runInGuest } from './guest-run.ts';
import type { HostSession } from './host-session.ts';
import { HOTPLUG_TARGET } from './lxc-config.ts';
import { runChecked, runCommand } from './run-command.ts';
import { requireSource, stageMount, unstageMount } from './staged-mounts.ts';

const DEADLINE = 15_000;

/**
 * A mount point of a running container. It is mounted on the host below a folder whose mounts show inside the
 * container, which then puts it where it belongs with its own rights: no program of the container runs with ours, and
 * no path of the container is walked by us.
 */
async function addMount(session: HostSession, spec: ContainerSpec, point: MountPoint): Promise<void> {
  const { layout, volumes } = session;
  await requireSource(point);
  await ownVolume(session, spec, point);
  const shown = join(layout.hotplug, String(spec.vmid), point.key);
  await mkdir(shown, { recursive: true });
  try {
    const staged = await stageMount(layout, spec.vmid, point, volumes.path);
    await runChecked(['mount', '--bind', staged, shown], { timeout: DEADLINE });
    const script = 'mkdir -p "$2" && mount --bind "$1" "$2"';
    await runInGuest(layout, spec.vmid, script, [`${HOTPLUG_TARGET}/${point.key}`, point.path]);
  } finally {
    await runCommand(['umount', shown], { timeout: DEADLINE });
    await rmdir(shown).catch(() => undefined);
    await unstageMount(layout, spec.vmid, point.key);
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

import type { MountValue } from '../guests/mount-point.ts';
import { underLock } from '../guests/power.ts';
import { formatSize, parseSize } from '../guests/size.ts';
import { assertUnmodified, checkLock } from '../guests/update.ts';
import { ApiError, type Json } from '../http/answer.ts';
import { parseVolumeId } from '../store/storages.ts';
import { toVolume } from '../store/volumes.ts';
import type { Call, Routes } from './call.ts';

function newSize(text: string, before: number): number {
  const size = parseSize(text.replace(/^\+/, '')) ?? 0;
  const next = text.startsWith('+') ? before + size : size;
  if (next < before) throw new ApiError(500, 'unable to shrink disk size');
  if (next === before) throw new ApiError(500, 'disk is already at specified size');
  return next;
}

/** Everything that is asked before the task, and again in it. */
function checked(call: Call): { readonly mount: MountValue; readonly size: number } {
  const { core, vmid } = call;
  const key = call.required('disk');
  const { config, digest } = core.guests.read('lxc', vmid);
  checkLock(config);
  // the parameter is called `disk`, which no container has: it counts as an option like any other
  core.access.check(call.authuser, `/vms/${vmid}`, ['VM.Config.Options']);
  assertUnmodified(call.text('digest'), digest);
  const mount = core.mountPoints.parse(key, config.values[key]);
  const id = parseVolumeId(mount.volume);
  const owner = core.storages.parseName(id).vmid;
  if (owner !== vmid) {
    const at = '/usr/share/perl5/PVE/API2/LXC.pm line 1934.';
    throw new ApiError(500, `can't resize mount point owned by another container (${owner}) at ${at}`);
  }
  core.access.check(call.authuser, `/storage/${id.storage}`, ['Datastore.AllocateSpace']);
  return { mount, size: newSize(call.required('size'), core.volumes.get(mount.volume).size) };
}

function resize(call: Call): Json {
  const { core, vmid } = call;
  checked(call);
  return core.tasks.start('resize', String(vmid), call.authuser, (task) =>
    underLock(core, task, vmid, async () => {
      const { mount, size } = checked(call);
      const record = core.volumes.get(mount.volume);
      if (record.size === 0) {
        throw new ApiError(500, 'cannot resize subvolume - btrfs quotas are currently not supported');
      }
      const { config } = core.guests.read('lxc', vmid);
      await core.backend.grow(toVolume(record), size, task.log);
      core.volumes.resize(mount.volume, size);
      const options = { ...mount.options, size: formatSize(size) };
      config.values[mount.key] = core.mountPoints.print({ ...mount, options });
      core.guests.write('lxc', vmid, config);
    }),
  );
}

export const lxcResizeRoutes: Routes = { 'PUT /nodes/{node}/lxc/{vmid}/resize': resize };

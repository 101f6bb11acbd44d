import { underLock } from '../guests/power.ts';
import { formatSize, parseSize } from '../guests/size.ts';
import { checkLock, checkProtection } from '../guests/update.ts';
import { ApiError, type Json } from '../http/answer.ts';
import { parseVolumeId } from '../store/storages.ts';
import { toVolume } from '../store/volumes.ts';
import type { Call, Routes } from './call.ts';

const MODIFIED = 'detected modified configuration - file changed by other user? Try again.';

function newSize(text: string, before: number): number {
  const size = parseSize(text.replace(/^\+/, '')) ?? 0;
  const next = text.startsWith('+') ? before + size : size;
  if (next < before) throw new ApiError(500, 'unable to shrink disk size');
  if (next === before) throw new ApiError(500, 'disk is already at specified size');
  return next;
}

async function resize(call: Call): Promise<Json> {
  const { core, vmid } = call;
  const key = call.required('disk');
  const digest = call.text('digest');
  const { config, digest: now } = core.guests.read('lxc', vmid);
  checkLock(config);
  if (digest !== undefined && digest !== now) throw new ApiError(500, MODIFIED);
  checkProtection(config, `can't resize CT ${vmid} disk '${key}'`);
  const mount = core.mountPoints.parse(key, config.values[key]);
  const { storage } = parseVolumeId(mount.volume);
  core.access.check(call.authuser, `/storage/${storage}`, ['Datastore.AllocateSpace']);
  const record = core.volumes.get(mount.volume);
  const size = newSize(call.required('size'), record.size);
  return core.tasks.start('resize', String(vmid), call.authuser, (task) =>
    underLock(core, task, vmid, async () => {
      if (record.size === 0) {
        throw new ApiError(500, 'cannot resize subvolume - btrfs quotas are currently not supported');
      }
      const current = core.guests.read('lxc', vmid).config;
      await core.backend.grow(toVolume(record), size, task.log);
      core.volumes.resize(mount.volume, size);
      const options = { ...mount.options, size: formatSize(size) };
      current.values[key] = core.mountPoints.print({ ...mount, options });
      core.guests.write('lxc', vmid, current);
    }),
  );
}

export const lxcResizeRoutes: Routes = { 'PUT /nodes/{node}/lxc/{vmid}/resize': resize };

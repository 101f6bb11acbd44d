import { addUnused } from '../guests/disks.ts';
import { underLock } from '../guests/power.ts';
import { checkReassignment, type Reassignment, reassign } from '../guests/reassign.ts';
import { checkLock } from '../guests/update.ts';
import { ApiError, type Json, parameterError } from '../http/answer.ts';
import { volid } from '../store/volumes.ts';
import type { Call, Routes } from './call.ts';

const MODIFIED = 'detected modified configuration - file changed by other user? Try again.';

async function toContainer(call: Call, target: number): Promise<Json> {
  const { core, vmid } = call;
  const key = call.required('volume');
  const targetKey = call.text('target-volume') ?? key;
  const [digest, targetDigest] = [call.text('digest'), call.text('target-digest')];
  core.access.check(call.authuser, `/vms/${target}`, ['VM.Config.Disk']);
  const move: Reassignment = {
    vmid,
    key,
    target,
    targetKey,
    ...(digest === undefined ? {} : { digest }),
    ...(targetDigest === undefined ? {} : { targetDigest }),
  };
  await checkReassignment(core, move);
  return core.tasks.start('move_volume', `${vmid}-${key}>${target}-${targetKey}`, call.authuser, (task) =>
    underLock(core, task, vmid, () =>
      target === vmid
        ? reassign(core, move, task.log)
        : underLock(core, task, target, () => reassign(core, move, task.log)),
    ),
  );
}

async function toStorage(call: Call, storage: string): Promise<Json> {
  const { core, vmid } = call;
  const key = call.required('volume');
  const { config, digest } = core.guests.read('lxc', vmid);
  checkLock(config);
  if ((await core.backend.state(vmid)).running) throw new ApiError(500, 'cannot move volumes of a running container');
  const expected = call.text('digest');
  if (expected !== undefined && expected !== digest) throw new ApiError(500, MODIFIED);
  const mount = core.mountPoints.parse(key, config.values[key]);
  if (mount.type !== 'volume') throw new ApiError(500, "you can't move a bind or device mount");
  if (core.storages.find(storage) !== undefined) {
    core.access.check(call.authuser, `/storage/${storage}`, ['Datastore.AllocateSpace']);
  }
  return core.tasks.start('move_volume', String(vmid), call.authuser, (task) =>
    underLock(core, task, vmid, async () => {
      core.storages.enabled(storage);
      const current = core.guests.read('lxc', vmid).config;
      const record = await core.volumes.copy(
        core.volumes.get(mount.volume),
        vmid,
        { storage, linked: false },
        undefined,
        task,
      );
      current.values[key] = core.mountPoints.print({ ...mount, volume: volid(record) });
      if (!call.flag('delete')) addUnused(current, mount.volume);
      core.guests.write('lxc', vmid, current);
      if (call.flag('delete')) await core.volumes.free(mount.volume);
    }),
  );
}

/** To another storage, or to another container. */
function move(call: Call): Promise<Json> {
  const storage = call.text('storage');
  const target = call.number('target-vmid');
  if (storage !== undefined && target !== undefined) {
    throw new ApiError(500, 'either set storage or target-vmid, but not both');
  }
  if (target !== undefined) return toContainer(call, target);
  if (storage !== undefined) return toStorage(call, storage);
  throw parameterError({
    storage:
      "Provide either a 'storage' to move the mount point to a different storage or 'target-vmid' and 'target-mp' to move the mount point to another container",
  });
}

export const lxcMoveVolumeRoutes: Routes = { 'POST /nodes/{node}/lxc/{vmid}/move_volume': move };

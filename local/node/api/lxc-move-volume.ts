import { addUnused, namedVolumes } from '../guests/disks.ts';
import { copyVolume, noteRenaming, noteRest, reserveOver, takeBack } from '../guests/making.ts';
import type { MountValue } from '../guests/mount-point.ts';
import { underLock } from '../guests/power.ts';
import { checkReassignment, type Reassignment, reassign } from '../guests/reassign.ts';
import { assertUnmodified, checkLock } from '../guests/update.ts';
import { ApiError, type Json, parameterError } from '../http/answer.ts';
import { parseVolumeId } from '../store/storages.ts';
import { volid } from '../store/volumes.ts';
import type { TaskContext, Work } from '../tasks/tasks.ts';
import type { Call, Routes } from './call.ts';

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
  const { volume } = await checkReassignment(core, move);
  core.access.check(call.authuser, `/storage/${parseVolumeId(volume).storage}`, ['Datastore.AllocateSpace']);
  return core.tasks.start('move_volume', `${vmid}-${key}>${target}-${targetKey}`, call.authuser, (task) =>
    underLock(core, task, vmid, () =>
      target === vmid
        ? reassign(core, move, task.log)
        : underLock(core, task, target, () => reassign(core, move, task.log)),
    ),
  );
}

/** Checks and locks: the container stays locked until the task has ended. */
async function lockForMove(call: Call, key: string): Promise<MountValue> {
  const { core, vmid } = call;
  return core.locks.run(vmid, async () => {
    const { config, digest } = core.guests.read('lxc', vmid);
    checkLock(config);
    if ((await core.backend.state(vmid)).running) throw new ApiError(500, 'cannot move volumes of a running container');
    if (key.startsWith('unused')) {
      const text = `cannot move volume '${key}', only configured volumes can be moved to another storage`;
      throw new ApiError(500, text);
    }
    const mount = core.mountPoints.parse(key, config.values[key]);
    const inSnapshot = Object.values(config.snapshots).some(({ values }) =>
      namedVolumes(core, values).includes(mount.volume),
    );
    if (call.flag('delete') && inSnapshot) {
      throw new ApiError(500, "you can't move a volume with snapshots and delete the source");
    }
    assertUnmodified(call.text('digest'), digest);
    reserveOver(core, vmid, config, 'disk');
    return mount;
  });
}

async function moveTo(call: Call, mount: MountValue, storage: string, task: TaskContext): Promise<void> {
  const { core, vmid } = call;
  const { key } = mount;
  parseVolumeId(mount.volume);
  core.storages.enabled(storage);
  const copied = await copyVolume(core, vmid, { id: mount.volume }, { storage, linked: false }, task);
  const { config } = core.guests.read('lxc', vmid);
  const base = config.values.template === '1' ? parseVolumeId(copied).name.replace(/(^|\/)vm-/, '$1base-') : undefined;
  const noted = (from: string, name: string): void => noteRenaming(core, vmid, from, name);
  const volume = base === undefined ? copied : volid(await core.volumes.rename(copied, vmid, noted, base));
  config.values[key] = core.mountPoints.print({ ...mount, volume });
  const unneeded = call.flag('delete');
  if (!unneeded) addUnused(config, mount.volume);
  core.guests.write('lxc', vmid, config);
  noteRest(core, vmid, unneeded ? [mount.volume] : [], 'disk');
}

async function toStorage(call: Call, storage: string): Promise<Json> {
  const { core, vmid } = call;
  core.access.check(call.authuser, `/storage/${storage}`, ['Datastore.AllocateSpace']);
  const mount = await lockForMove(call, call.required('volume'));
  const work: Work = async (task) => {
    try {
      await moveTo(call, mount, storage, task);
    } finally {
      await takeBack(core, vmid);
    }
  };
  const abandoned = (): Promise<void> => takeBack(core, vmid);
  return core.tasks.start('move_volume', String(vmid), call.authuser, work, { abandoned });
}

/** To another storage, or to another container. */
async function move(call: Call): Promise<Json> {
  const storage = call.text('storage');
  const target = call.number('target-vmid');
  if (storage !== undefined && target !== undefined) {
    throw new ApiError(500, 'either set storage or target-vmid, but not both');
  }
  if (target !== undefined) return toContainer(call, target);
  if (storage !== undefined) return toStorage(call, storage);
  const text = "both 'storage' and 'target-vmid' missing, either needs to be set";
  throw parameterError({ 'target-vmid': text, storage: text });
}

export const lxcMoveVolumeRoutes: Routes = { 'POST /nodes/{node}/lxc/{vmid}/move_volume': move };

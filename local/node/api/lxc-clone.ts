import { assertQuorum } from '../cluster.ts';
import { type Cloning, checkClonable, cloneContainer } from '../guests/clone.ts';
import { reserve } from '../guests/making.ts';
import { isMountKey } from '../guests/mount-point.ts';
import { underLock } from '../guests/power.ts';
import { checkLock } from '../guests/update.ts';
import { ApiError, type Json, permissionDenied } from '../http/answer.ts';
import { parseVolumeId } from '../store/storages.ts';
import type { Call, Routes } from './call.ts';

/** Full unless the source is a template (rows 1210 and 1213). */
function isFull(call: Call, template: boolean): boolean {
  return call.text('full') === undefined ? !template : call.flag('full');
}

function checkStorages(call: Call, values: Readonly<Record<string, string>>, storage: string | undefined): void {
  for (const key of Object.keys(values).filter(isMountKey)) {
    const mount = call.core.mountPoints.parse(key, values[key]);
    if (mount.type !== 'volume') continue;
    const target = storage ?? parseVolumeId(mount.volume).storage;
    call.core.storages.enabled(target);
    call.core.access.check(call.authuser, `/storage/${target}`, ['Datastore.AllocateSpace']);
  }
}

async function clone(call: Call): Promise<Json> {
  const { core, vmid } = call;
  const to = Number(call.required('newid'));
  const [pool, storage, snapshot] = [call.text('pool'), call.text('storage'), call.text('snapname')];
  const [hostname, description] = [call.text('hostname'), call.text('description')];
  const target = call.text('target');
  if (target !== undefined && target !== core.profile.node) throw new ApiError(500, `no such cluster node '${target}'`);
  if (pool !== undefined && core.accessStore.value.pools[pool] === undefined) {
    throw permissionDenied(`pool '${pool}' does not exist`);
  }
  assertQuorum(core);
  const { config } = core.guests.read('lxc', vmid);
  core.guests.assertUnused(to);
  const full = isFull(call, config.values.template === '1');
  if (!full && storage !== undefined) throw new ApiError(500, "parameter 'storage' not allowed for linked clones");
  checkLock(config);
  if (snapshot !== undefined && config.snapshots[snapshot] === undefined) {
    throw new ApiError(500, `snapshot '${snapshot}' does not exist`);
  }
  const { running } = await core.backend.state(vmid);
  if (running && full && snapshot === undefined) {
    throw new ApiError(
      500,
      Object.keys(config.snapshots).length === 0
        ? 'Cannot do full clones on a running container without snapshots'
        : 'Full clone of a running container is only possible from a snapshot',
    );
  }
  const values = snapshot === undefined ? config.values : (config.snapshots[snapshot]?.values ?? {});
  checkClonable(core, values, full);
  checkStorages(call, values, storage);
  reserve(core, to);
  const cloning: Cloning = {
    from: vmid,
    to,
    full,
    ...(snapshot === undefined ? {} : { snapshot }),
    ...(storage === undefined ? {} : { storage }),
    ...(hostname === undefined ? {} : { hostname }),
    ...(description === undefined ? {} : { description }),
    ...(pool === undefined ? {} : { pool }),
  };
  return core.tasks.start('vzclone', String(vmid), call.authuser, (task) =>
    underLock(core, task, vmid, () => cloneContainer(core, task, cloning, config)),
  );
}

export const lxcCloneRoutes: Routes = { 'POST /nodes/{node}/lxc/{vmid}/clone': clone };

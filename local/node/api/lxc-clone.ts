import { assertQuorum } from '../cluster.ts';
import type { Core } from '../core.ts';
import { type Cloning, cloneContainer } from '../guests/clone.ts';
import type { GuestConfig } from '../guests/config.ts';
import { checkBridge } from '../guests/config-permissions.ts';
import { volumeHasFeature } from '../guests/features.ts';
import { hold, reserve, takeBack } from '../guests/making.ts';
import { isMountKey } from '../guests/mount-point.ts';
import { checkLock } from '../guests/update.ts';
import { ApiError, type Json, permissionDenied } from '../http/answer.ts';
import { isOn, nodesOf, putOn } from '../members.ts';
import { parseVolumeId } from '../store/storages.ts';
import type { Call, Routes } from './call.ts';

/** Full unless the source is a template (rows 1210 and 1213). */
function isFull(call: Call, template: boolean): boolean {
  return call.text('full') === undefined ? !template : call.flag('full');
}

/** Another member that the clone is to stand on; undefined: beside its source. */
function targetOf(call: Call): string | undefined {
  const target = call.text('target');
  return target === call.core.profile.node || target === 'localhost' ? undefined : target;
}

/** Where the clone is to go: what can be said before the source is looked at. */
function checkTarget(call: Call): void {
  const { core } = call;
  const [pool, target, storage] = [call.text('pool'), targetOf(call), call.text('storage')];
  if (pool !== undefined && core.accessStore.value.pools[pool] === undefined) {
    throw permissionDenied(`pool '${pool}' does not exist`);
  }
  if (target !== undefined && !nodesOf(core).includes(target)) {
    throw new ApiError(500, `no such cluster node '${target}'`);
  }
  if (storage !== undefined) checkStorage(call, storage, target);
  assertQuorum(core);
}

function checkStorage({ core }: Call, storage: string, target: string | undefined): void {
  const known = core.storages.enabled(storage);
  if (target === undefined) return;
  if (!isOn(known, target)) throw new ApiError(500, `storage '${storage}' is not available on node '${target}'`);
  if (known.shared !== true) throw new ApiError(500, `can't clone to non-shared storage '${storage}'`);
}

/** The source's config is locked as long as the clone takes; the result is what it was before. */
async function lockSource(core: Core, vmid: number): Promise<GuestConfig> {
  return core.locks.run(vmid, () => {
    const { config } = core.guests.read('lxc', vmid);
    checkLock(config);
    hold(core, vmid, config, 'disk');
    return config;
  });
}

function checkMount(call: Call, key: string, text: string, cloning: Cloning, running: boolean): void {
  const { core } = call;
  const { type, volume } = core.mountPoints.parse(key, text);
  if (type !== 'volume') throw new ApiError(500, `unable to clone mountpoint '${key}' (type ${type})`);
  const storage = cloning.storage ?? parseVolumeId(volume).storage;
  core.storages.get(storage);
  core.access.check(call.authuser, `/storage/${storage}`, ['Datastore.AllocateSpace']);
  if (cloning.full && running && cloning.snapshot === undefined) {
    throw new ApiError(500, 'Cannot do full clones on a running container without snapshots');
  }
  if (!cloning.full && !volumeHasFeature(core, volume, 'clone', cloning.snapshot)) {
    throw new ApiError(500, `Linked clone feature for '${volume}' is not available`);
  }
}

/** Key by key, in the order of their names, as Proxmox VE goes through a config. */
function checkSource(call: Call, config: GuestConfig, cloning: Cloning, running: boolean): void {
  const { snapshot, storage, full } = cloning;
  if (storage !== undefined && !full) throw new ApiError(500, "parameter 'storage' not allowed for linked clones");
  if (snapshot !== undefined && config.snapshots[snapshot] === undefined) {
    throw new ApiError(500, `snapshot '${snapshot}' does not exist`);
  }
  const values = snapshot === undefined ? config.values : (config.snapshots[snapshot]?.values ?? {});
  for (const key of Object.keys(values).sort()) {
    const value = values[key] ?? '';
    if (isMountKey(key)) checkMount(call, key, value, cloning, running);
    if (/^net\d+$/.test(key) && !call.isRoot) checkBridge(call.core, call.authuser, value);
  }
  const target = targetOf(call);
  if (target === undefined) return;
  const disks = Object.keys(values).filter(isMountKey);
  const storages = disks.map(
    (key) => storage ?? parseVolumeId(call.core.mountPoints.parse(key, values[key]).volume).storage,
  );
  if (storages.every((name) => call.core.storages.get(name).shared === true)) return;
  throw new ApiError(500, `can't clone CT to node '${target}' (CT uses local storage)`);
}

function cloningOf(call: Call, template: boolean): Cloning {
  const [pool, storage, snapshot] = [call.text('pool'), call.text('storage'), call.text('snapname')];
  const [hostname, description, target] = [call.text('hostname'), call.text('description'), targetOf(call)];
  return {
    from: call.vmid,
    to: Number(call.required('newid')),
    full: isFull(call, template),
    ...(snapshot === undefined ? {} : { snapshot }),
    ...(storage === undefined ? {} : { storage }),
    ...(hostname === undefined ? {} : { hostname }),
    ...(description === undefined ? {} : { description }),
    ...(pool === undefined ? {} : { pool }),
    ...(target === undefined ? {} : { target }),
  };
}

async function clone(call: Call): Promise<Json> {
  const { core, vmid } = call;
  checkTarget(call);
  const config = await lockSource(core, vmid);
  const cloning = cloningOf(call, config.values.template === '1');
  try {
    core.guests.assertUnused(cloning.to);
    reserve(core, cloning.to);
    putOn(core, cloning.to, core.profile.node);
  } catch (error) {
    await takeBack(core, vmid);
    throw error;
  }
  try {
    checkSource(call, config, cloning, (await core.backend.state(vmid)).running);
  } catch (error) {
    await takeBack(core, vmid);
    await takeBack(core, cloning.to);
    throw error;
  }
  return core.tasks.start(
    'vzclone',
    String(vmid),
    call.authuser,
    async (task) => {
      try {
        await cloneContainer(core, task, cloning, config);
      } finally {
        await takeBack(core, vmid);
      }
    },
    {
      abandoned: async () => {
        await takeBack(core, vmid);
        await takeBack(core, cloning.to);
      },
    },
  );
}

export const lxcCloneRoutes: Routes = { 'POST /nodes/{node}/lxc/{vmid}/clone': clone };

import { assertQuorum } from '../cluster.ts';
import { emptyConfig, type GuestConfig, type Values } from '../guests/config.ts';
import { checkConfigPermissions, checkVolumeAccess } from '../guests/config-permissions.ts';
import { type Creation, createContainer } from '../guests/create.ts';
import { reserve, reserveOver, takeBack } from '../guests/making.ts';
import { isMountKey } from '../guests/mount-point.ts';
import { startContainer } from '../guests/power.ts';
import { type Restoration, restoreContainer } from '../guests/restore.ts';
import { areSshPublicKeys } from '../guests/ssh-keys.ts';
import { checkLock, checkProtection, updateConfig } from '../guests/update.ts';
import { ApiError, errorText, type Json, parameterError, permissionDenied } from '../http/answer.ts';
import { parseVolumeId } from '../store/storages.ts';
import type { Work } from '../tasks/tasks.ts';
import type { Call, Routes } from './call.ts';
import { configValues } from './lxc-config.ts';

/** Parameters that are no config keys. */
const NOT_CONFIG = new Set([
  ...['node', 'vmid', 'ostemplate', 'password', 'ssh-public-keys', 'pool', 'storage', 'restore', 'unique', 'force'],
  ...['start', 'bwlimit', 'ignore-unpack-errors', 'unprivileged', 'ha-managed'],
]);

/** `replaces`: the container that is restored over, for which backup rights are enough. */
function checkAllowed(call: Call, pool: string | undefined, replaces: GuestConfig | undefined): void {
  if (pool !== undefined && call.core.accessStore.value.pools[pool] === undefined) {
    throw permissionDenied(`pool '${pool}' does not exist`);
  }
  if (call.may(`/vms/${call.vmid}`, 'VM.Allocate')) return;
  if (pool !== undefined && call.may(`/pool/${pool}`, 'VM.Allocate')) return;
  if (replaces === undefined || !call.may(`/vms/${call.vmid}`, 'VM.Backup')) throw permissionDenied();
  if (replaces.values.unprivileged === '1' && call.text('unprivileged') === '0') {
    throw permissionDenied('cannot change from unprivileged to privileged without VM.Allocate');
  }
}

function checkStorage(call: Call, storage: string): void {
  const { content } = call.core.storages.enabled(storage);
  if (!content.includes('rootdir')) {
    throw parameterError({ storage: `storage '${storage}' does not support container directories` });
  }
  call.core.access.check(call.authuser, `/storage/${storage}`, ['Datastore.AllocateSpace']);
}

/** Mount points with the default storage filled in; throws for storages that cannot hold them. */
function mountsOf(call: Call, set: Values): Values {
  const storage = call.text('storage') ?? 'local';
  const mounts: Values = {};
  for (const [key, value] of Object.entries(set)) {
    if (isMountKey(key)) mounts[key] = /^\d+(?:\.\d+)?$/.test(value) ? `${storage}:${value}` : value;
  }
  if (Object.keys(mounts).length > 0 && mounts.rootfs === undefined) {
    throw new ApiError(500, "mount points configured, but 'rootfs' not set - aborting");
  }
  for (const [key, value] of Object.entries(mounts)) {
    const mount = call.core.mountPoints.parse(key, value);
    if (mount.type === 'volume') checkStorage(call, parseVolumeId(mount.volume).storage);
    else if (!call.isRoot) throw new ApiError(500, 'Only root can pass arbitrary filesystem paths.');
  }
  if (mounts.rootfs === undefined) {
    checkStorage(call, storage);
    return { rootfs: `${storage}:4` };
  }
  return mounts;
}

/** The container that a restore with force replaces; undefined: the vmid must be free. */
async function replaced(call: Call): Promise<GuestConfig | undefined> {
  const { core, vmid } = call;
  if (!(call.flag('restore') && call.flag('force') && core.guests.has('lxc', vmid))) {
    core.guests.assertUnused(vmid);
    return undefined;
  }
  if ((await core.backend.state(vmid)).running) throw new ApiError(500, "can't overwrite running container");
  const { config } = core.guests.read('lxc', vmid);
  checkProtection(config, `unable to restore CT ${vmid}`);
  return config;
}

/**
 * Takes the vmid, or the container that is to be replaced, under its lock file; what stands in the way is said as the
 * worker would. undefined: the vmid was free.
 */
async function take(call: Call, over: boolean): Promise<GuestConfig | undefined> {
  const { core, vmid } = call;
  try {
    return await core.locks.runShort(vmid, () => {
      if (!over) {
        core.guests.assertUnused(vmid);
        reserve(core, vmid);
        return undefined;
      }
      const { config } = core.guests.read('lxc', vmid);
      checkLock(config);
      reserveOver(core, vmid, config, 'create');
      return config;
    });
  } catch (error) {
    throw new ApiError(
      500,
      `unable to ${call.flag('restore') ? 'restore' : 'create'} CT ${vmid} - ${errorText(error)}`,
    );
  }
}

async function create(call: Call): Promise<Json> {
  const { core, vmid, caller } = call;
  const ostemplate = call.required('ostemplate');
  assertQuorum(core);
  const replaces = await replaced(call);
  const sshPublicKeys = call.text('ssh-public-keys');
  if (sshPublicKeys !== undefined && !areSshPublicKeys(sshPublicKeys)) {
    throw new ApiError(500, 'SSH public key validation error');
  }
  const pool = call.text('pool');
  checkAllowed(call, pool, replaces);
  // a restore without it takes what the archive says
  const fallback = core.release === '9.1' && !call.flag('restore');
  const unprivileged = call.text('unprivileged') === undefined ? fallback : call.flag('unprivileged');
  const set = configValues(call, NOT_CONFIG);
  checkConfigPermissions(core, caller, {
    vmid,
    set,
    remove: [],
    unprivileged,
    ...(pool === undefined ? {} : { pool }),
  });
  if (ostemplate === '-') throw new ApiError(500, 'pipe requires cli environment');
  checkVolumeAccess(core, caller, { vmid, volid: ostemplate, content: call.flag('restore') ? 'backup' : 'vztmpl' });
  const mounts = mountsOf(call, set);
  const config = emptyConfig();
  const plain = Object.entries(set).filter(([key]) => !isMountKey(key) && !/^unused\d+$/.test(key));
  await updateConfig(
    core,
    { vmid, config, running: false },
    { set: Object.fromEntries(plain), remove: [], revert: [] },
  );
  if (unprivileged) config.values.unprivileged = '1';
  if (call.flag('restore')) return restore(call, { config, mounts, over: replaces !== undefined });
  await take(call, false);
  const password = call.text('password');
  const creation: Creation = {
    vmid,
    config,
    mounts,
    ostemplate,
    ...(password === undefined ? {} : { password }),
    ...(sshPublicKeys === undefined ? {} : { sshPublicKeys }),
    ...(pool === undefined ? {} : { pool }),
  };
  const work: Work = async (task) => {
    await createContainer(core, task, creation);
    if (call.flag('start')) await startLater(call);
  };
  return core.tasks.start('vzcreate', String(vmid), call.authuser, work, { abandoned: () => takeBack(core, vmid) });
}

async function restore(
  call: Call,
  parts: { readonly config: GuestConfig; readonly mounts: Values; readonly over: boolean },
): Promise<Json> {
  const { core, vmid } = call;
  const { config, over } = parts;
  const pool = call.text('pool');
  const replaces = await take(call, over);
  const restoration: Restoration = {
    vmid,
    archive: call.required('ostemplate'),
    given: config,
    // only the default storage was given: sizes come from the archive
    mounts: call.text('rootfs') === undefined ? {} : parts.mounts,
    storage: call.text('storage') ?? 'local',
    unique: call.flag('unique'),
    ...(pool === undefined ? {} : { pool }),
    ...(replaces === undefined ? {} : { replaces }),
  };
  const work: Work = async (task) => {
    await restoreContainer(core, task, restoration);
    if (call.flag('start')) await startLater(call);
  };
  return core.tasks.start('vzrestore', String(vmid), call.authuser, work, { abandoned: () => takeBack(core, vmid) });
}

/** The start after a create: the create ends well whatever becomes of it, and no list shows its task (rows 1144, 1221). */
function startLater({ core, vmid, authuser }: Call): Promise<void> {
  const work: Work = (task) => startContainer(core, task, vmid, false);
  return core.tasks.settled(core.tasks.start('vzstart', String(vmid), authuser, work, { inner: true }));
}

export const lxcCreateRoutes: Routes = { 'POST /nodes/{node}/lxc': create };

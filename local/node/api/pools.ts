import type { Pool } from '../auth/access-store.ts';
import { resourceEntry, visibleContainers } from '../guests/status.ts';
import { ApiError, type Json } from '../http/answer.ts';
import type { Call, Routes } from './call.ts';
import { qemuResources } from './qemu.ts';
import { storageResources } from './storage-status.ts';

type Fields = { readonly [key: string]: Json };

function poolOf(call: Call, verb?: string): Pool {
  const name = call.required('poolid');
  const pool = call.core.accessStore.value.pools[name];
  const prefix = verb === undefined ? '' : verb;
  if (pool === undefined) throw new ApiError(500, `${prefix}pool '${name}' does not exist`);
  return pool;
}

function visible(call: Call): readonly (readonly [string, Pool])[] {
  const pools = Object.entries(call.core.accessStore.value.pools).sort(([a], [b]) => (a < b ? -1 : 1));
  return pools.filter(([name]) => call.may(`/pool/${name}`, 'Pool.Audit'));
}

/** Guests and storages of a pool as `/cluster/resources` has them, without saying the pool again. */
async function members(call: Call, pool: Pool): Promise<readonly Fields[]> {
  const type = call.text('type');
  const guests = (await visibleContainers(call.core, call.authuser)).map((guest) => resourceEntry(call.core, guest));
  const all = [...guests, ...qemuResources(call)].filter((entry) => pool.vms.includes(Number(entry.vmid)));
  const storages = (await storageResources(call)).filter(({ storage }) => pool.storage.includes(String(storage)));
  return [...all, ...storages]
    .filter((entry) => type === undefined || entry.type === type)
    .map(({ pool: _pool, ...entry }) => entry);
}

async function details(call: Call, name: string | undefined, pool: Pool): Promise<Fields> {
  return {
    ...(name === undefined ? {} : { poolid: name }),
    ...(pool.comment === undefined ? {} : { comment: pool.comment }),
    members: await members(call, pool),
  };
}

async function list(call: Call): Promise<Json> {
  const name = call.text('poolid');
  if (name !== undefined) {
    call.core.access.check(call.authuser, `/pool/${name}`, ['Pool.Audit']);
    return [await details(call, name, poolOf(call))];
  }
  return visible(call).map(([poolid, { comment }]) => ({ poolid, ...(comment === undefined ? {} : { comment }) }));
}

async function get(call: Call): Promise<Json> {
  return details(call, call.required('poolid'), poolOf(call));
}

function create(call: Call): Json {
  const name = call.required('poolid');
  const comment = call.text('comment');
  const { accessStore, cluster } = call.core;
  if (!cluster.quorate) throw new ApiError(500, "create pool failed: cfs-lock 'file-user_cfg' error: no quorum!");
  if (accessStore.value.pools[name] !== undefined) {
    throw new ApiError(500, `create pool failed: pool '${name}' already exists`);
  }
  accessStore.update((data) => {
    data.pools[name] = { vms: [], storage: [], ...(comment === undefined ? {} : { comment }) };
  });
  return null;
}

const fail = (text: string): ApiError => new ApiError(500, `update pools failed: ${text}`);

function changedVms(call: Call, pool: Pool): readonly number[] {
  const { access, authuser } = { access: call.core.access, authuser: call.authuser };
  const vmids = call.list('vms').map(Number);
  for (const vmid of vmids) {
    access.check(authuser, `/vms/${vmid}`, ['VM.Allocate']);
    const isMember = pool.vms.includes(vmid);
    if (call.flag('delete')) {
      if (!isMember) throw fail(`VM ${vmid} is not a pool member`);
      continue;
    }
    if (isMember) throw fail(`VM ${vmid} is already a pool member`);
    const other = access.poolOf('vms', String(vmid));
    if (other !== undefined && !call.flag('allow-move')) {
      throw fail(`VM ${vmid} belongs already to pool '${other}' and 'allow-move' is not set`);
    }
  }
  return vmids;
}

function changedStorages(call: Call, pool: Pool): readonly string[] {
  const names = call.list('storage');
  for (const name of names) {
    call.core.access.check(call.authuser, `/storage/${name}`, ['Datastore.Allocate']);
    const isMember = pool.storage.includes(name);
    if (call.flag('delete') && !isMember) throw fail(`Storage '${name}' is not a pool member`);
    if (!call.flag('delete') && isMember) throw fail(`Storage '${name}' is already a pool member`);
  }
  return names;
}

function update(call: Call): Json {
  const name = call.required('poolid');
  const pool = poolOf(call, 'update pools failed: ');
  const vmids = changedVms(call, pool);
  const storages = changedStorages(call, pool);
  const comment = call.text('comment');
  const change = <T>(before: readonly T[], items: readonly T[]): readonly T[] =>
    call.flag('delete') ? before.filter((item) => !items.includes(item)) : [...before, ...items];
  call.core.accessStore.update((data) => {
    for (const [other, entry] of Object.entries(data.pools)) {
      if (other !== name) data.pools[other] = { ...entry, vms: entry.vms.filter((vmid) => !vmids.includes(vmid)) };
    }
    data.pools[name] = {
      ...pool,
      vms: change(pool.vms, vmids),
      storage: change(pool.storage, storages),
      ...(comment === undefined ? {} : { comment }),
    };
  });
  return null;
}

function remove(call: Call): Json {
  const name = call.required('poolid');
  const pool = poolOf(call, 'delete pool failed: ');
  const guest = pool.vms.find((vmid) => call.core.guests.kindOf(vmid) !== undefined);
  const storage = pool.storage.find((id) => call.core.storages.find(id) !== undefined);
  const member = guest === undefined ? (storage === undefined ? undefined : `storage '${storage}'`) : `VM ${guest}`;
  if (member !== undefined) {
    throw new ApiError(500, `delete pool failed: pool '${name}' is not empty (contains ${member})`);
  }
  call.core.accessStore.update((data) => {
    delete data.pools[name];
    data.acl = data.acl.filter((entry) => entry.path !== `/pool/${name}`);
  });
  return null;
}

export const poolRoutes: Routes = {
  'GET /pools': list,
  'POST /pools': create,
  'PUT /pools': update,
  'DELETE /pools': remove,
  'GET /pools/{poolid}': get,
  'PUT /pools/{poolid}': update,
  'DELETE /pools/{poolid}': remove,
};

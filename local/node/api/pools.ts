import type { Pool } from '../auth/access-store.ts';
import { changeUserConfig } from '../auth/user-config.ts';
import { statsEntry, visibleContainers } from '../guests/status.ts';
import { ApiError, type Json } from '../http/answer.ts';
import type { Call, Routes } from './call.ts';
import { qemuResources } from './qemu.ts';
import { storageResources } from './storage-status.ts';

type Fields = { readonly [key: string]: Json };

function poolOf(call: Call): Pool {
  const name = call.required('poolid');
  const pool = call.core.accessStore.value.pools[name];
  if (pool === undefined) throw new ApiError(500, `pool '${name}' does not exist`);
  return pool;
}

function visible(call: Call): readonly (readonly [string, Pool])[] {
  const pools = Object.entries(call.core.accessStore.value.pools).sort(([a], [b]) => (a < b ? -1 : 1));
  return pools.filter(([name]) => call.may(`/pool/${name}`, 'Pool.Audit'));
}

/** Who may read a pool sees all its members. Guests and storages as `/cluster/resources` has them, without saying the pool again. */
async function members(call: Call, pool: Pool): Promise<readonly Fields[]> {
  const type = call.text('type');
  const guests = (await visibleContainers(call.core, 'root@pam')).map((guest) => statsEntry(call.core, guest));
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
  const { accessStore } = call.core;
  changeUserConfig(call.core, 'create pool failed', () => {
    const { pools } = accessStore.value;
    if (pools[name] !== undefined) throw new ApiError(500, `pool '${name}' already exists`);
    const parent = /^(.*)\/[^/]+$/.exec(name)?.[1];
    if (parent !== undefined && pools[parent] === undefined) {
      throw new ApiError(500, `parent '${parent}' of pool '${name}' does not exist`);
    }
    accessStore.update((data) => {
      data.pools[name] = { vms: [], storage: [], ...(comment === undefined ? {} : { comment }) };
    });
  });
  return null;
}

const fail = (text: string): ApiError => new ApiError(500, text);

function changedVms(call: Call, pool: Pool): readonly number[] {
  const { authuser, core } = call;
  const vmids = call.list('vms').map(Number);
  for (const vmid of vmids) {
    core.access.checkPermModify(authuser, `/vms/${vmid}`);
    const isMember = pool.vms.includes(vmid);
    if (call.flag('delete')) {
      if (!isMember) throw fail(`VM ${vmid} is not a pool member`);
      continue;
    }
    if (isMember) throw fail(`VM ${vmid} is already a pool member`);
    const other = core.access.poolOf('vms', String(vmid));
    if (other === undefined) continue;
    if (!call.flag('allow-move')) {
      throw fail(`VM ${vmid} belongs already to pool '${other}' and 'allow-move' is not set`);
    }
    core.access.check(authuser, `/pool/${other}`, ['Pool.Allocate']);
  }
  return vmids;
}

function changedStorages(call: Call, pool: Pool): readonly string[] {
  const names = call.list('storage');
  for (const name of names) {
    call.core.access.checkPermModify(call.authuser, `/storage/${name}`);
    const isMember = pool.storage.includes(name);
    if (call.flag('delete') && !isMember) throw fail(`Storage '${name}' is not a pool member`);
    if (!call.flag('delete') && isMember) throw fail(`Storage '${name}' is already a pool member`);
  }
  return names;
}

function change(call: Call): void {
  const name = call.required('poolid');
  const pool = poolOf(call);
  const vmids = changedVms(call, pool);
  const storages = changedStorages(call, pool);
  const comment = call.text('comment');
  const changed = <T>(before: readonly T[], items: readonly T[]): readonly T[] =>
    call.flag('delete') ? before.filter((item) => !items.includes(item)) : [...before, ...items];
  call.core.accessStore.update((data) => {
    for (const [other, entry] of Object.entries(data.pools)) {
      if (other !== name) data.pools[other] = { ...entry, vms: entry.vms.filter((vmid) => !vmids.includes(vmid)) };
    }
    data.pools[name] = {
      ...pool,
      vms: changed(pool.vms, vmids),
      storage: changed(pool.storage, storages),
      ...(comment === undefined ? {} : { comment }),
    };
  });
}

function update(call: Call): Json {
  changeUserConfig(call.core, 'update pools failed', () => change(call));
  return null;
}

function assertEmpty(call: Call, name: string, pool: Pool): void {
  const { core } = call;
  const child = Object.keys(core.accessStore.value.pools).find((other) => other.startsWith(`${name}/`));
  const guest = pool.vms.toSorted().find((vmid) => core.guests.kindOf(vmid) !== undefined);
  const storage = pool.storage.toSorted().find((id) => core.storages.find(id) !== undefined);
  const members = [
    ...(child === undefined ? [] : [`pool '${child}'`]),
    ...(guest === undefined ? [] : [`VM ${guest}`]),
    ...(storage === undefined ? [] : [`storage '${storage}'`]),
  ];
  if (members[0] !== undefined) throw fail(`pool '${name}' is not empty (contains ${members[0]})`);
}

function remove(call: Call): Json {
  const name = call.required('poolid');
  changeUserConfig(call.core, 'delete pool failed', () => {
    assertEmpty(call, name, poolOf(call));
    call.core.accessStore.update((data) => {
      delete data.pools[name];
      data.acl = data.acl.filter((entry) => entry.path !== `/pool/${name}`);
    });
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

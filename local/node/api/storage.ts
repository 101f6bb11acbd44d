import { createHash } from 'node:crypto';
import type { Core } from '../core.ts';
import { assertUnmodified } from '../guests/update.ts';
import { ApiError, errorText, type Json } from '../http/answer.ts';
import type { StorageConfig } from '../profile.ts';
import type { Call, Routes } from './call.ts';
import { storageUsable } from './storage-status.ts';

function digest(core: Core): string {
  return createHash('sha1').update(JSON.stringify(core.storages.all())).digest('hex');
}

/** A storage as storage.cfg says it. */
function configEntry(core: Core, config: StorageConfig): { readonly [key: string]: Json } {
  const { storage, type, content, path, vgname, thinpool, disable, nodes, shared } = config;
  return {
    storage,
    type,
    content: content.join(','),
    digest: digest(core),
    ...(path === undefined ? {} : { path }),
    ...(vgname === undefined ? {} : { vgname }),
    ...(thinpool === undefined ? {} : { thinpool }),
    ...(disable === true ? { disable: 1 } : {}),
    ...(nodes === undefined ? {} : { nodes: nodes.join(',') }),
    ...(shared === true ? { shared: 1 } : {}),
  };
}

function list(call: Call): Json {
  const type = call.text('type');
  return call.core.storages
    .all()
    .filter((config) => storageUsable(call, config.storage))
    .filter((config) => type === undefined || config.type === type)
    .map((config) => configEntry(call.core, config));
}

function write(call: Call, config: StorageConfig): Json {
  call.core.storages.replace(config);
  return { storage: config.storage, type: config.type };
}

/** A change of storage.cfg; what goes wrong begins with what was to be done. */
function changing<T>(call: Call, what: string, work: () => T): T {
  if (!call.core.cluster.quorate) throw new ApiError(500, `${what}: cfs-lock 'file-storage_cfg' error: no quorum!`);
  try {
    return work();
  } catch (error) {
    throw new ApiError(500, `${what}: ${errorText(error)}`);
  }
}

function create(call: Call): Json {
  const storage = call.required('storage');
  const type = call.required('type');
  const path = call.text('path');
  if (type !== 'dir' && type !== 'btrfs' && type !== 'lvmthin') {
    throw new ApiError(501, `storage type '${type}' is not offered by the local node`);
  }
  if (type !== 'lvmthin') {
    if (path === undefined) throw new ApiError(500, "missing value for required option 'path'");
    if (!/^\/[-/a-zA-Z0-9_.@]+$/.test(path)) throw new ApiError(500, `illegal path for directory storage: ${path}`);
  }
  const [vgname, thinpool] = [call.text('vgname'), call.text('thinpool')];
  const content = call.text('content') === undefined ? ['images', 'rootdir'] : [...call.list('content')];
  return changing(call, 'create storage failed', () => {
    if (call.core.storages.find(storage) !== undefined) {
      throw new ApiError(500, `storage ID '${storage}' already defined`);
    }
    return write(call, {
      storage,
      type,
      content,
      ...(path === undefined ? {} : { path }),
      ...(vgname === undefined ? {} : { vgname }),
      ...(thinpool === undefined ? {} : { thinpool }),
      ...(call.flag('disable') ? { disable: true } : {}),
      ...(call.text('nodes') === undefined ? {} : { nodes: [...call.list('nodes')] }),
      ...(call.flag('shared') ? { shared: true } : {}),
    });
  });
}

function update(call: Call): Json {
  return changing(call, 'update storage failed', () => {
    const before = call.core.storages.get(call.required('storage'));
    assertUnmodified(call.text('digest'), digest(call.core));
    const content = call.text('content') === undefined ? before.content : [...call.list('content')];
    const disable = call.text('disable') === undefined ? before.disable === true : call.flag('disable');
    return write(call, { ...before, content, disable });
  });
}

function remove(call: Call): Json {
  const storage = call.required('storage');
  changing(call, 'delete storage failed', () => {
    call.core.storages.get(storage);
    call.core.storages.remove(storage);
  });
  call.core.accessStore.update((data) => {
    data.acl = data.acl.filter((entry) => entry.path !== `/storage/${storage}`);
    for (const [name, pool] of Object.entries(data.pools)) {
      data.pools[name] = { ...pool, storage: pool.storage.filter((member) => member !== storage) };
    }
  });
  return null;
}

export const storageRoutes: Routes = {
  'GET /storage': list,
  'POST /storage': create,
  'PUT /storage/{storage}': update,
  'DELETE /storage/{storage}': remove,
  'GET /storage/{storage}': (call) => configEntry(call.core, call.core.storages.get(call.required('storage'))),
};

import { createHash } from 'node:crypto';
import type { Core } from '../core.ts';
import { ApiError, type Json } from '../http/answer.ts';
import type { StorageConfig } from '../profile.ts';
import type { Call, Routes } from './call.ts';
import { storageUsable } from './storage-status.ts';

function digest(core: Core): string {
  return createHash('sha1').update(JSON.stringify(core.storages.all())).digest('hex');
}

/** A storage as storage.cfg says it. */
function configEntry(core: Core, config: StorageConfig): { readonly [key: string]: Json } {
  const { storage, type, content, path, vgname, thinpool, disable } = config;
  return {
    storage,
    type,
    content: content.join(','),
    digest: digest(core),
    ...(path === undefined ? {} : { path }),
    ...(vgname === undefined ? {} : { vgname }),
    ...(thinpool === undefined ? {} : { thinpool }),
    ...(disable === true ? { disable: 1 } : {}),
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

function create(call: Call): Json {
  const storage = call.required('storage');
  const type = call.required('type');
  if (call.core.storages.find(storage) !== undefined) {
    throw new ApiError(500, `create storage failed: storage ID '${storage}' already defined`);
  }
  if (type !== 'dir' && type !== 'btrfs' && type !== 'lvmthin') {
    throw new ApiError(500, `create storage failed: storage type '${type}' is not offered by the local node`);
  }
  const path = call.text('path');
  const content = call.text('content') === undefined ? ['images', 'rootdir'] : [...call.list('content')];
  return write(call, { storage, type, content, ...(path === undefined ? {} : { path }) });
}

function update(call: Call): Json {
  const before = call.core.storages.find(call.required('storage'));
  if (before === undefined) {
    throw new ApiError(500, `update storage failed: storage '${call.required('storage')}' does not exist`);
  }
  const content = call.text('content') === undefined ? before.content : [...call.list('content')];
  const disable = call.text('disable') === undefined ? before.disable === true : call.flag('disable');
  return write(call, { ...before, content, disable });
}

function remove(call: Call): Json {
  const storage = call.required('storage');
  if (call.core.storages.find(storage) === undefined) {
    throw new ApiError(500, `delete storage failed: storage '${storage}' does not exist`);
  }
  call.core.storages.remove(storage);
  return null;
}

export const storageRoutes: Routes = {
  'GET /storage': list,
  'POST /storage': create,
  'PUT /storage/{storage}': update,
  'DELETE /storage/{storage}': remove,
  'GET /storage/{storage}': (call) => configEntry(call.core, call.core.storages.get(call.required('storage'))),
};

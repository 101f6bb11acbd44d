import { createHash } from 'node:crypto';
import type { Core } from '../core.ts';
import type { Json } from '../http/answer.ts';
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

export const storageRoutes: Routes = {
  'GET /storage': list,
  'GET /storage/{storage}': (call) => configEntry(call.core, call.core.storages.get(call.required('storage'))),
};

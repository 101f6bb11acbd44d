import type { Core } from '../core.ts';
import type { Json } from '../http/answer.ts';
import type { StorageConfig } from '../profile.ts';
import type { Call } from './call.ts';

/** Who may see a storage at all. */
export function storageUsable(call: Call, storage: string): boolean {
  return call.core.access.any(call.authuser, `/storage/${storage}`, ['Datastore.Audit', 'Datastore.AllocateSpace']);
}

/** The fields of `/nodes/{node}/storage`. */
export async function storageEntry(core: Core, config: StorageConfig): Promise<{ readonly [key: string]: Json }> {
  const enabled = config.disable !== true;
  const basic = {
    type: config.type,
    content: config.content.join(','),
    shared: config.shared === true ? 1 : 0,
    enabled: enabled ? 1 : 0,
    active: enabled ? 1 : 0,
  };
  if (!enabled) return { ...basic, total: 0, used: 0, avail: 0 };
  const { total, used, available } = await core.backend.usage(config.storage);
  return { ...basic, total, used, avail: available };
}

/** Storages that the caller may see, as `/cluster/resources` has them. */
export async function storageResources(call: Call): Promise<readonly { readonly [key: string]: Json }[]> {
  const { core } = call;
  const visible = core.storages
    .all()
    .filter(({ storage, disable }) => disable !== true && call.may(`/storage/${storage}`, 'Datastore.Audit'));
  return Promise.all(
    visible.map(async (config) => {
      const { total, used } = await core.backend.usage(config.storage);
      return {
        id: `storage/${core.profile.node}/${config.storage}`,
        type: 'storage',
        storage: config.storage,
        node: core.profile.node,
        status: 'available',
        plugintype: config.type,
        content: config.content.join(','),
        shared: config.shared === true ? 1 : 0,
        disk: used,
        maxdisk: total,
      };
    }),
  );
}

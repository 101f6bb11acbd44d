import type { Core } from '../core.ts';
import { checkVolumeAccess } from '../guests/config-permissions.ts';
import { ApiError, type Json, parameterError } from '../http/answer.ts';
import { isOn, nodeOf } from '../members.ts';
import { type VolumeRecord, volid } from '../store/volumes.ts';
import type { Call, Routes } from './call.ts';
import { storageEntry, storageUsable } from './storage-status.ts';

type Fields = { readonly [key: string]: Json };

async function list(call: Call): Promise<Json> {
  const { core } = call;
  const content = call.list('content');
  const only = call.text('storage');
  const wanted = core.storages
    .all()
    .filter(({ storage }) => storageUsable(call, storage))
    .filter((config) => isOn(config, core.profile.node))
    .filter((config) => only === undefined || config.storage === only)
    .filter((config) => content.length === 0 || content.some((kind) => config.content.includes(kind)))
    .filter((config) => !call.flag('enabled') || config.disable !== true);
  return Promise.all(
    wanted.map(async (config) => {
      const entry = await storageEntry(core, config);
      const { total, used } = entry;
      const share = typeof total === 'number' && typeof used === 'number' && total > 0 ? used / total : undefined;
      return { storage: config.storage, ...entry, ...(share === undefined ? {} : { used_fraction: share }) };
    }),
  );
}

async function status(call: Call): Promise<Json> {
  const config = call.core.storages.find(call.required('storage'));
  if (config === undefined) throw parameterError({ storage: 'No such storage.' });
  return storageEntry(call.core, config);
}

/** A volume holds a container's files when its owner is a container, else it is an image. */
function contentOf(core: Core, record: VolumeRecord): string {
  return core.guests.has('lxc', record.vmid) ? 'rootdir' : 'images';
}

async function volumeEntry(core: Core, record: VolumeRecord): Promise<Fields> {
  const { format } = core.storages.parseName(record);
  return {
    volid: volid(record),
    content: contentOf(core, record),
    format,
    size: record.size,
    ctime: record.ctime,
    vmid: record.vmid,
    used: await core.volumes.used(record),
    parent: record.parent ?? null,
  };
}

function fileEntries(core: Core, storage: string): readonly Fields[] {
  const config = core.storages.get(storage);
  const kinds = (['iso', 'vztmpl', 'backup', 'snippets'] as const).filter((kind) => config.content.includes(kind));
  return kinds.flatMap((kind) =>
    core.storages.files(storage, kind).map(({ name, size, ctime, notes, protected: kept }) => {
      const { format, vmid } = core.storages.parseName({ storage, name });
      return {
        volid: `${storage}:${name}`,
        content: kind,
        format,
        size,
        ctime,
        ...(notes === undefined ? {} : { notes: notes.split('\n')[0] ?? '' }),
        ...(kept ? { protected: 1 } : {}),
        ...(vmid === undefined ? {} : { vmid, subtype: 'lxc' }),
      };
    }),
  );
}

async function content(call: Call): Promise<Json> {
  const { core } = call;
  const config = core.storages.enabled(call.required('storage'));
  const { storage } = config;
  const { node } = core.profile;
  if (!isOn(config, node)) throw new ApiError(500, `storage '${storage}' is not available on node '${node}'`);
  const kind = call.text('content');
  const vmid = call.number('vmid');
  const there = core.volumes.on(storage).filter(({ vmid: of }) => config.shared === true || nodeOf(core, of) === node);
  const volumes = await Promise.all(there.map((record) => volumeEntry(core, record)));
  return [...fileEntries(core, storage), ...volumes]
    .filter((entry) => kind === undefined || entry.content === kind)
    .filter((entry) => vmid === undefined || entry.vmid === vmid)
    .filter((entry) => visible(call, entry));
}

/** Shown is what the caller might use. */
function visible(call: Call, entry: Fields): boolean {
  try {
    checkVolumeAccess(call.core, call.caller, { volid: String(entry.volid) });
    return true;
  } catch {
    return false;
  }
}

export const nodeStorageRoutes: Routes = {
  'GET /nodes/{node}/storage': list,
  'GET /nodes/{node}/storage/{storage}/status': status,
  'GET /nodes/{node}/storage/{storage}/content': content,
};

import { rmSync, writeFileSync } from 'node:fs';
import { seconds } from '../clock.ts';
import { checkVolumeAccess } from '../guests/config-permissions.ts';
import { parseSize } from '../guests/size.ts';
import { ApiError, type Json, parameterError } from '../http/answer.ts';
import type { StorageConfig } from '../profile.ts';
import { splitVolumeId, type VolumeId } from '../store/storages.ts';
import { toVolume, volid } from '../store/volumes.ts';
import type { Call, Routes } from './call.ts';

/** A volume by its full id, or by its name on the call's storage. */
function volumeIdOf(call: Call): VolumeId {
  const text = call.required('volume');
  const storage = call.required('storage');
  if (!text.includes(':')) return { storage, name: text };
  const id = splitVolumeId(text);
  if (id === undefined) throw parameterError({ volume: `unable to parse volume ID '${text}'\n` });
  if (id.storage !== storage) {
    throw parameterError({ volume: `storage ID mismatch (${id.storage} != ${storage})\n` });
  }
  return id;
}

/** The format that a name says, or the call, or the storage's own. */
function formatOf(call: Call, file: string): string {
  const said = /\.(raw|qcow2|vmdk)$/.exec(file)?.[1];
  const asked = call.text('format');
  if (said !== undefined && asked !== undefined && asked !== said) {
    throw parameterError({ format: `different storage formats (${asked} != ${said})` });
  }
  return said ?? asked ?? 'raw';
}

function checkName(storage: StorageConfig, file: string, format: string): void {
  if (storage.type === 'lvmthin') return;
  const extension = /^[^/\s:]+\.(raw|qcow2|vmdk|subvol)$/.exec(file)?.[1];
  if (extension === undefined) throw new ApiError(500, `unable to parse volume filename '${file}'`);
  if (extension === format) return;
  throw new ApiError(500, `illegal name '${file}' - wrong extension for format ('${extension} != '${format}')`);
}

async function allocate(call: Call): Promise<Json> {
  const { core } = call;
  const file = call.required('filename');
  const format = formatOf(call, file);
  const config = core.storages.enabled(call.required('storage'));
  const { storage, type, path } = config;
  const vmid = Number(call.required('vmid'));
  const size = parseSize(call.required('size').replace(/^(\d+)$/, '$1K')) ?? 0;
  checkName(config, file, format);
  const name = type === 'lvmthin' ? file : `${vmid}/${file}`;
  if (core.volumes.find(`${storage}:${name}`) !== undefined) {
    throw new ApiError(500, `disk image '${path ?? ''}/images/${name}' already exists`);
  }
  const record = { storage, name, vmid, size, ctime: seconds(core.clock) };
  await core.volumes.register(record, () => core.backend.allocate(toVolume(record)));
  return volid(record);
}

/** Nothing keeps a volume that a stopped guest still names from going (rows 869 and 870); a base in use stays. */
function remove(call: Call): Json {
  const { core } = call;
  const id = volumeIdOf(call);
  const text = `${id.storage}:${id.name}`;
  const name = core.storages.parseName(id);
  const path = `/storage/${id.storage}`;
  if (name.content === 'backup' && name.vmid !== undefined) {
    core.access.check(call.authuser, path, ['Datastore.AllocateSpace']);
    core.access.check(call.authuser, `/vms/${name.vmid}`, ['VM.Backup']);
  } else {
    core.access.check(call.authuser, path, ['Datastore.Allocate']);
  }
  const task = name.vmid === undefined ? id.storage : `${name.vmid}@${id.storage}`;
  return core.tasks.start('imgdel', task, call.authuser, async ({ log }) => {
    if (name.content === 'images') await core.volumes.free(text);
    else if (isProtected(call, id)) {
      throw new ApiError(500, `cannot remove protected volume '${id.name}' on '${id.storage}'`);
    } else for (const end of ['', '.notes']) rmSync(`${core.storages.filePath(id)}${end}`, { force: true });
    log(`Removed volume '${text}'`);
  });
}

function isProtected({ core }: Call, id: VolumeId): boolean {
  return core.storages.files(id.storage, 'backup').some((file) => file.name === id.name && file.protected);
}

/** Notes and protection of an archive stand in files beside it. */
function change(call: Call): Json {
  const { core } = call;
  const id = volumeIdOf(call);
  checkVolumeAccess(core, call.caller, { volid: `${id.storage}:${id.name}` });
  const { content } = core.storages.parseName(id);
  const [notes, kept] = [call.text('notes'), call.text('protected')];
  for (const [key, value] of Object.entries({ notes, protected: kept })) {
    if (value !== undefined && content !== 'backup') {
      throw new ApiError(
        500,
        `attribute '${key}' is not supported for storage type '${core.storages.get(id.storage).type}'`,
      );
    }
  }
  const file = core.storages.filePath(id);
  if (!core.storages.files(id.storage, 'backup').some(({ name }) => name === id.name)) {
    throw new ApiError(500, `volume '${id.storage}:${id.name}' does not exist`);
  }
  if (notes === '') rmSync(`${file}.notes`, { force: true });
  else if (notes !== undefined) writeFileSync(`${file}.notes`, notes);
  if (kept === '1') writeFileSync(`${file}.protected`, '');
  else if (kept !== undefined) rmSync(`${file}.protected`, { force: true });
  return null;
}

async function info(call: Call): Promise<Json> {
  const { core } = call;
  const id = volumeIdOf(call);
  const text = `${id.storage}:${id.name}`;
  checkVolumeAccess(core, call.caller, { volid: text });
  const { content, format } = core.storages.parseName(id);
  const shown = core.storages.shownPath(id, content);
  if (content === 'images' || content === 'rootdir') {
    const record = core.volumes.get(text);
    return { path: shown, size: record.size, used: await core.volumes.used(record), format };
  }
  const file = core.storages.files(id.storage, content).find(({ name }) => name === id.name);
  if (file === undefined) throw new ApiError(500, `volume_size_info on '${text}' failed - no format`);
  const { size, notes, protected: kept } = file;
  return {
    path: shown,
    size,
    used: size,
    format,
    ...(notes === undefined ? {} : { notes }),
    ...(kept ? { protected: 1 } : {}),
  };
}

export const storageContentRoutes: Routes = {
  'POST /nodes/{node}/storage/{storage}/content': allocate,
  'GET /nodes/{node}/storage/{storage}/content/{volume}': info,
  'PUT /nodes/{node}/storage/{storage}/content/{volume}': change,
  'DELETE /nodes/{node}/storage/{storage}/content/{volume}': remove,
};

import { rmSync } from 'node:fs';
import { seconds } from '../clock.ts';
import { parseSize } from '../guests/size.ts';
import { ApiError, type Json, parameterError } from '../http/answer.ts';
import { parseVolumeId, splitVolumeId, type VolumeId } from '../store/storages.ts';
import { toVolume, volid } from '../store/volumes.ts';
import type { Call, Routes } from './call.ts';

/** A volume by its full id, or by its name on the call's storage. */
function volumeIdOf(call: Call): VolumeId {
  const text = call.required('volume');
  return splitVolumeId(text) ?? parseVolumeId(`${call.required('storage')}:${text}`);
}

async function allocate(call: Call): Promise<Json> {
  const { core } = call;
  const { storage, type } = core.storages.enabled(call.required('storage'));
  const vmid = Number(call.required('vmid'));
  const size = parseSize(call.required('size').replace(/^(\d+)$/, '$1K'));
  if (size === undefined) throw parameterError({ size: 'value does not match the regex pattern' });
  const file = call.required('filename');
  const name = type === 'lvmthin' ? file : `${vmid}/${file}`;
  if (core.volumes.find(`${storage}:${name}`) !== undefined) {
    throw new ApiError(500, `disk image '${name}' already exists`);
  }
  const record = { storage, name, vmid, size, ctime: seconds(core.clock) };
  await core.volumes.register(record, () => core.backend.allocate(toVolume(record)));
  return volid(record);
}

/** Nothing keeps a volume that a stopped guest still names from going (rows 869 and 870). */
function remove(call: Call): Json {
  const { core } = call;
  const id = volumeIdOf(call);
  const text = `${id.storage}:${id.name}`;
  const name = core.storages.parseName(id);
  const isVolume = name.content === 'images';
  core.access.checkAny(call.authuser, `/storage/${id.storage}`, ['Datastore.Allocate', 'Datastore.AllocateSpace']);
  const task = name.vmid === undefined ? id.storage : `${name.vmid}@${id.storage}`;
  return core.tasks.start('imgdel', task, call.authuser, async ({ log }) => {
    if (isVolume) await core.volumes.free(text);
    else for (const end of ['', '.notes']) rmSync(`${core.storages.filePath(id)}${end}`, { force: true });
    log(`Removed volume '${text}'`);
  });
}

const TEMPLATE_NAME = /\.(?:tar\.(?:gz|xz|zst)|tgz)$/;

/** Fetching from the network is not offered: the task says so. What is wrong with the call is said as Proxmox VE does. */
function downloadUrl(call: Call): Json {
  const file = call.required('filename');
  const kind = call.required('content');
  const good = kind === 'iso' ? /\.(?:iso|img)$/i.test(file) : TEMPLATE_NAME.test(file);
  if (!good) throw parameterError({ filename: 'wrong file extension' });
  return call.core.tasks.start('download', file, call.authuser, async ({ log }) => {
    log(`downloading ${call.required('url')} to ${file}`);
    throw new ApiError(500, 'download failed: the local node fetches nothing from the network');
  });
}

export const storageContentRoutes: Routes = {
  'POST /nodes/{node}/storage/{storage}/content': allocate,
  'DELETE /nodes/{node}/storage/{storage}/content/{volume}': remove,
  'POST /nodes/{node}/storage/{storage}/download-url': downloadUrl,
};

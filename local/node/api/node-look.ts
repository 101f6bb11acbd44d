import { type IncomingMessage, request as requestPlain } from 'node:http';
import { request as requestSecure } from 'node:https';
import { checkVolumeAccess } from '../guests/config-permissions.ts';
import { volumeWork } from '../guests/volume-work.ts';
import { ApiError, type Json } from '../http/answer.ts';
import { parseVolumeId } from '../store/storages.ts';
import type { Call, Routes } from './call.ts';
import { storageUsable } from './storage-status.ts';

/** Milliseconds that a server has to answer. */
const PATIENCE = 30_000;

function head(url: URL, checkCertificate: boolean): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const options = { method: 'HEAD', timeout: PATIENCE, headers: { 'user-agent': 'Proxmox VE' } };
    const sent =
      url.protocol === 'https:'
        ? requestSecure(url, { ...options, rejectUnauthorized: checkCertificate }, resolve)
        : requestPlain(url, options, resolve);
    sent.on('timeout', () => sent.destroy(new Error('read timeout')));
    sent.on('error', (error) => {
      const text = `500 Can't connect to ${url.host} (${error.message})`;
      reject(new ApiError(500, `invalid server response: '${text}'`));
    });
    sent.end();
  });
}

/** Size, name and type of what a URL stands for. */
async function urlMetadata(call: Call): Promise<Json> {
  const text = call.required('url');
  if (!URL.canParse(text)) throw new ApiError(500, "invalid server response: '400 URL must be absolute'");
  const {
    statusCode = 0,
    statusMessage,
    headers,
  } = await head(new URL(text), call.text('verify-certificates') !== '0');
  if (statusCode !== 200) throw new ApiError(500, `invalid server response: '${statusCode} ${statusMessage ?? ''}'`);
  const disposition = headers['content-disposition'] ?? '';
  const named = /filename="([^"]*)"/.exec(disposition) ?? /filename=([^;]*)/.exec(disposition);
  const filename = (named ?? /^[^?]+\/([^?/]*)(?:\?.*)?$/.exec(text))?.[1];
  const size = Number(headers['content-length'] ?? 0);
  const type = headers['content-type']?.replace(/;.*$/, '');
  return {
    ...(filename === undefined || filename === '' ? {} : { filename }),
    ...(size === 0 ? {} : { size }),
    ...(type === undefined ? {} : { mimetype: type }),
  };
}

/** What a backup does unless it is told otherwise; how hard it works is for administrators. */
function backupDefaults(call: Call): Json {
  const storage = call.text('storage') ?? 'local';
  if (!storageUsable(call, storage)) {
    call.core.access.checkAny(call.authuser, `/storage/${storage}`, ['Datastore.Audit', 'Datastore.AllocateSpace']);
  }
  call.core.storages.get(storage);
  const numbers = { all: 0, bwlimit: 0, lockwait: 180, pigz: 0, quiet: 0, remove: 1, stdexcludes: 1, stop: 0 };
  const texts = { compress: '0', mailnotification: 'always', mode: 'snapshot', 'notification-mode': 'auto' };
  const audit = call.may(`/nodes/${call.core.profile.node}`, 'Sys.Audit');
  const keep = { 'prune-backups': 'keep-all=1', storage };
  return { ...numbers, ...texts, stopwait: 10, zstd: 1, ...keep, ...(audit ? { ionice: 7 } : {}) };
}

/** The config that a backup holds. */
async function backupConfig(call: Call): Promise<Json> {
  const { core } = call;
  const volid = call.required('volume');
  checkVolumeAccess(core, call.caller, { volid, content: 'backup' });
  const id = parseVolumeId(volid);
  const { vmid } = core.storages.parseName(id);
  core.access.check(call.authuser, `/vms/${vmid ?? ''}`, ['VM.Backup']);
  if (!core.storages.files(id.storage, 'backup').some(({ name }) => name === id.name)) {
    throw new ApiError(500, `volume '${volid}' does not exist`);
  }
  return volumeWork(core).backupConfig(core.storages.filePath(id));
}

export const nodeLookRoutes: Routes = {
  'GET /nodes/{node}/query-url-metadata': urlMetadata,
  'GET /nodes/{node}/vzdump/defaults': backupDefaults,
  'GET /nodes/{node}/vzdump/extractconfig': backupConfig,
};

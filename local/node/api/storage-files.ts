import { existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { chmod, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ApiError, type Json, parameterError } from '../http/answer.ts';
import { uploadedFile } from '../http/upload.ts';
import { decompress, isCompression } from '../store/decompress.ts';
import { download } from '../store/download.ts';
import { type Checksum, checksumOf } from '../store/file-checksum.ts';
import type { TaskContext } from '../tasks/tasks.ts';
import type { Call, Routes } from './call.ts';
import { checkNode } from './check-node.ts';

const TEMPLATE_NAME = /.\.tar\.(?:gz|xz|zst|bz2)$/i;
const IMAGE_NAME = /.\.(?:iso|img)$/i;
const IMPORT_NAME = /^[a-zA-Z0-9\-.+=_]+\.(?:ova|qcow2|raw|vmdk)$/;

/** A file that comes into a storage: as the API names it, and where it lies here. */
interface Incoming {
  readonly file: string;
  readonly shown: string;
  readonly path: string;
}

function nameOf(call: Call): string {
  const given = call.required('filename').replace(/\n$/, '');
  return given.replace(/^.*[/\\]/s, '').replace(/[^a-zA-Z0-9_.-]/g, '_');
}

function checkName(content: string, file: string): void {
  if (content === 'import') {
    if (!IMPORT_NAME.test(file)) throw parameterError({ filename: 'invalid filename or wrong extension' });
  } else if (!(content === 'iso' ? IMAGE_NAME : TEMPLATE_NAME).test(file)) {
    throw parameterError({ filename: 'wrong file extension' });
  }
}

function incoming(call: Call, content: string, file: string): Incoming {
  if (content === 'import') throw new ApiError(500, 'the local node keeps no images to import');
  const id = { storage: call.required('storage'), name: `${content}/${file}` };
  const { storages } = call.core;
  return { file, shown: storages.shownPath(id, content === 'iso' ? 'iso' : 'vztmpl'), path: storages.filePath(id) };
}

function expectedOf(call: Call): Checksum | undefined {
  const digest = call.text('checksum');
  if (digest === undefined || digest === '') return undefined;
  return { algorithm: call.required('checksum-algorithm'), digest };
}

/** The text that a wrong checksum gives; undefined: it is right. */
async function mismatch(path: string, expected: Checksum): Promise<string | undefined> {
  const got = await checksumOf(path, expected.algorithm);
  return got === expected.digest.toLowerCase()
    ? undefined
    : `checksum mismatch: got '${got}' != expect '${expected.digest}'`;
}

async function verify(path: string, expected: Checksum | undefined, { log }: TaskContext): Promise<void> {
  if (expected === undefined) return;
  const wrong = await mismatch(path, expected);
  log(`calculating checksum...${wrong === undefined ? 'OK, checksum verified' : ''}`);
  if (wrong !== undefined) throw new ApiError(500, wrong);
}

function upload(call: Call): Json {
  const { core } = call;
  const { storage, path, type, content } = core.storages.enabled(call.required('storage'));
  if (path === undefined) throw new ApiError(500, `can't upload to storage type '${type}'`);
  const temporary = call.text('tmpfilename');
  if (temporary === undefined || temporary === '') throw new ApiError(500, 'missing temporary file name');
  const source = uploadedFile(core.uploads, temporary);
  if (!existsSync(source)) throw new ApiError(500, `temporary file '${temporary}' does not exist`);
  const kind = call.required('content');
  const file = nameOf(call);
  checkName(kind, file);
  if (!content.includes(kind)) throw new ApiError(500, `storage '${storage}' does not support '${kind}' content`);
  checkNode(core, call.required('node'));
  const target = incoming(call, kind, file);
  const expected = expectedOf(call);
  const { size } = statSync(source);
  const abandoned = async (): Promise<void> => rm(source, { force: true });
  const work = async (task: TaskContext): Promise<void> => {
    try {
      task.log(`starting file import from: ${temporary}`);
      await verify(source, expected, task);
      const command = `cp -- ${temporary} ${target.shown}`;
      for (const line of [`target node: ${call.required('node')}`, `target file: ${target.shown}`]) task.log(line);
      for (const line of [`file size is: ${size}`, `command: ${command}`]) task.log(line);
      if (core.volumes.full.has(storage)) {
        task.log(`cp: error writing '${target.shown}': No space left on device`);
        throw new ApiError(500, `import failed: command '${command}' failed: exit code 1`);
      }
      mkdirSync(dirname(target.path), { recursive: true });
      await chmod(source, 0o644);
      await rename(source, target.path);
      task.log('finished file import successfully');
    } finally {
      rmSync(source, { force: true });
    }
  };
  return core.tasks.start('imgcopy', '', call.authuser, work, { abandoned });
}

/** A file that is there already: undefined when it is the right one. Throws when it is another. */
async function isThere({ path, shown }: Incoming, expected: Checksum | undefined, task: TaskContext): Promise<boolean> {
  if (!existsSync(path)) return false;
  if (expected === undefined) throw new ApiError(500, `refusing to override existing file '${shown}'`);
  const wrong = await mismatch(path, expected);
  const good = 'OK, got correct file already, no need to download';
  task.log(`calculating checksum of existing file...${wrong === undefined ? good : ''}`);
  if (wrong !== undefined) throw new ApiError(500, `${wrong}, aborting`);
  return true;
}

function downloadUrl(call: Call): Json {
  const { core } = call;
  const { storage, path, type, content } = core.storages.enabled(call.required('storage'));
  if (path === undefined) throw new ApiError(500, `can't upload to storage type '${type}', not a file based storage!`);
  const kind = call.required('content');
  if (!content.includes(kind)) {
    throw new ApiError(500, `storage '${storage}' is not configured for content-type '${kind}'`);
  }
  const file = nameOf(call);
  checkName(kind, file);
  const target = incoming(call, kind, file);
  const expected = expectedOf(call);
  const url = call.required('url');
  const compression = call.text('compression');
  const checkCertificate = call.text('verify-certificates') !== '0';
  return core.tasks.start('download', file, call.authuser, async (task) => {
    if (compression !== undefined && kind !== 'iso') throw new ApiError(500, `decompression not supported for ${kind}`);
    // what it can be is checked nowhere before
    const packed = compression !== undefined && isCompression(compression) ? compression : undefined;
    if (compression !== undefined && packed === undefined) throw new ApiError(500, 'no decompression method found');
    task.log(`downloading ${url} to ${target.shown}`);
    if (await isThere(target, expected, task)) return;
    mkdirSync(dirname(target.path), { recursive: true });
    const arriving = `${target.path}.tmp`;
    const unpacked = `${target.path}.dcom.tmp`;
    const isFull = core.volumes.full.has(storage);
    try {
      await download({ url, path: arriving, shown: `${target.shown}.tmp_dwnl`, checkCertificate, isFull }, task);
      await verify(arriving, expected, task);
      if (packed !== undefined) {
        task.log(`decompressing ${target.shown}.tmp_dwnl to ${target.shown}.tmp_dcom`);
        await decompress(packed, arriving, unpacked, task.signal);
      }
      renameSync(packed === undefined ? arriving : unpacked, target.path);
    } finally {
      for (const left of [arriving, unpacked]) rmSync(left, { force: true });
    }
    task.log(`download of '${url}' to '${target.shown}' finished`);
  });
}

export const storageFileRoutes: Routes = {
  'POST /nodes/{node}/storage/{storage}/upload': upload,
  'POST /nodes/{node}/storage/{storage}/download-url': downloadUrl,
};

import { randomBytes } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { MultipartReader } from './multipart.ts';
import { type Parameters, PlainError, parseForm } from './parameters.ts';

/** Where Proxmox VE keeps a file that is coming in; here it lies in the node's own directory under the same name. */
const SHOWN = '/var/tmp';

/** The storage that a file is sent to; undefined: another call. */
export function uploadStorage(method: string, path: string): string | undefined {
  return method === 'POST' ? /^\/nodes\/[^/]+\/storage\/([^/]+)\/upload$/.exec(path)?.[1] : undefined;
}

/** The file of ours behind the name that a call has for it. */
export function uploadedFile(directory: string, shown: string): string {
  return join(directory, shown.slice(shown.lastIndexOf('/') + 1));
}

function boundaryOf(contentType: string): string | undefined {
  const [type, ...parameters] = contentType.split(/\s*[;,]\s*/);
  if (type !== 'multipart/form-data') return undefined;
  return parameters.map((text) => /^\s*boundary\s*=\s*(\S+?)\s*$/.exec(text)?.[1]).find((text) => text !== undefined);
}

/**
 * Writes the file into the directory; gives the call's parameters with `tmpfilename` as the server sets it.
 * A real server answers nothing at all to another content type, until the client gives up; here it is told.
 */
export async function readUpload(message: IncomingMessage, directory: string, query: string): Promise<Parameters> {
  const contentType = message.headers['content-type'] ?? '';
  const boundary = boundaryOf(contentType);
  if (boundary === undefined) {
    throw new PlainError(506, `upload 'Content-Type '${contentType}' not implemented`, { bare: true });
  }
  const { _dc, ...given } = parseForm(query);
  if (given.tmpfilename !== undefined) {
    throw new PlainError(500, "'tmpfilename' query parameter is not allowed for file uploads");
  }
  const name = `pveupload-${randomBytes(16).toString('hex')}`;
  const reader = new MultipartReader(boundary);
  const file = await open(join(directory, name), 'wx', 0o600);
  try {
    for await (const chunk of message) await file.write(reader.push(chunk as Buffer));
    if (!reader.isComplete) throw new Error('upload failed');
  } catch (error) {
    await rm(join(directory, name), { force: true });
    throw new PlainError(500, error instanceof Error ? error.message : String(error), { bare: true });
  } finally {
    await file.close();
  }
  return { ...given, ...reader.fields, tmpfilename: `${SHOWN}/${name}` };
}

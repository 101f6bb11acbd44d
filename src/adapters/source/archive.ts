import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { GitopsError } from '../../model/errors.ts';
import { endOfArchive, headersOf, padding } from './tar.ts';
import { readTree } from './tree.ts';

/** A tar stream of the definition: owner root, no times, mode 0644 or 0755, so that equal trees are equal bytes. */
export async function* archiveTree(directory: string): AsyncGenerator<Uint8Array> {
  for (const { path, kind, executable, link } of await readTree(directory)) {
    const full = join(directory, path);
    const size = kind === 'file' ? (await stat(full)).size : 0;
    yield* headersOf({ path, kind, size, mode: executable ? 0o755 : 0o644, ...(link === undefined ? {} : { link }) });
    if (kind === 'file') yield* contentOf(full, size);
  }
  yield endOfArchive();
}

/** Exactly as many bytes as the header said. Throws kind user for a file that changes meanwhile. */
export async function* contentOf(
  file: string,
  size: number,
  look: (chunk: Uint8Array) => void = () => undefined,
): AsyncGenerator<Uint8Array> {
  let left = size;
  for await (const chunk of createReadStream(file)) {
    left -= (chunk as Buffer).length;
    if (left < 0) break;
    look(chunk as Buffer);
    yield chunk as Buffer;
  }
  if (left !== 0) throw new GitopsError('user', `Unable to read ${file}: it changed while it was read`);
  if (size > 0) yield padding(size);
}

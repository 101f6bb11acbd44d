import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { GitopsError } from '../../model/errors.ts';
import { readTree, type TreeEntry } from './tree.ts';

const BLOCK = 512;
/** POSIX ustar: path of at most 100 bytes after a prefix of at most 155. */
const NAME = 100;

/** A tar stream of the definition: owner root, no times, mode 0644 or 0755, so that equal trees are equal bytes. */
export async function* archiveTree(directory: string): AsyncGenerator<Uint8Array> {
  for (const entry of await readTree(directory)) {
    const full = join(directory, entry.path);
    const size = entry.kind === 'file' ? (await stat(full)).size : 0;
    const long = [
      ...(Buffer.byteLength(entry.path) > NAME ? [record('path', entry.path)] : []),
      ...(Buffer.byteLength(entry.link ?? '') > NAME ? [record('linkpath', entry.link ?? '')] : []),
    ].join('');
    if (long !== '') {
      const body = Buffer.from(long);
      yield header({ path: 'pax', kind: 'file', executable: false }, body.length, 'x');
      yield padded(body);
    }
    yield header(entry, size);
    if (entry.kind !== 'file') continue;
    let left = size;
    for await (const chunk of createReadStream(full)) {
      left -= (chunk as Buffer).length;
      if (left < 0) break;
      yield chunk as Buffer;
    }
    if (left !== 0) throw new GitopsError('user', `Unable to read ${full}: it changed while it was read`);
    if (size % BLOCK !== 0) yield Buffer.alloc(BLOCK - (size % BLOCK));
  }
  yield Buffer.alloc(2 * BLOCK);
}

/** A pax record holds its own length in decimal. */
function record(key: string, value: string): string {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest + String(rest).length;
  if (rest + String(length).length !== length) length = rest + String(length).length;
  return `${length} ${key}=${value}\n`;
}

function padded(body: Buffer): Buffer {
  return Buffer.concat([body, Buffer.alloc((BLOCK - (body.length % BLOCK)) % BLOCK)]);
}

const TYPES = { file: '0', link: '2', directory: '5' } as const;

function header(entry: TreeEntry, size: number, type: string = TYPES[entry.kind]): Buffer {
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, width: number): string => `${value.toString(8).padStart(width - 1, '0')}\0`;
  const path = entry.kind === 'directory' ? `${entry.path}/` : entry.path;
  block.write(Buffer.from(path).subarray(0, NAME).toString('latin1'), 0, 'latin1');
  block.write(octal(entry.executable ? 0o755 : 0o644, 8), 100);
  block.write(octal(0, 8), 108);
  block.write(octal(0, 8), 116);
  block.write(octal(size, 12), 124);
  block.write(octal(0, 12), 136);
  block.write(' '.repeat(8), 148);
  block.write(type, 156);
  block.write(
    Buffer.from(entry.link ?? '')
      .subarray(0, NAME)
      .toString('latin1'),
    157,
    'latin1',
  );
  block.write('ustar\x0000', 257, 'latin1');
  block.write('root', 265);
  block.write('root', 297);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

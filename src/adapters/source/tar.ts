export const BLOCK = 512;
/** POSIX ustar: path of at most 100 bytes after a prefix of at most 155. */
const NAME = 100;
/** Eleven octal digits. */
const LARGEST = 0o77777777777;

/** A file, directory or symlink as it stands in an archive. */
export interface TarEntry {
  /** Without a slash at its end. */
  readonly path: string;
  readonly kind: 'file' | 'directory' | 'link';
  /** Access bits only. */
  readonly mode: number;
  /** Bytes; 0 of what is no file. */
  readonly size: number;
  /** Of a link, as written. */
  readonly link?: string;
  readonly uid?: number;
  readonly gid?: number;
  /** Seconds since 1970. */
  readonly modified?: number;
}

/** The blocks before an entry's content: its header, after one more for what does not fit into it. */
export function* headersOf(entry: TarEntry): Generator<Uint8Array> {
  const link = entry.link ?? '';
  const records = [
    ...(Buffer.byteLength(entry.path) > NAME ? [record('path', entry.path)] : []),
    ...(Buffer.byteLength(link) > NAME ? [record('linkpath', link)] : []),
    ...(entry.size > LARGEST ? [record('size', String(entry.size))] : []),
  ].join('');
  if (records !== '') {
    const body = Buffer.from(records);
    yield header({ path: 'pax', kind: 'file', mode: 0o644, size: body.length }, 'x');
    yield Buffer.concat([body, padding(body.length)]);
  }
  yield header(entry, TYPES[entry.kind]);
}

/** What fills the last block of a content of this many bytes. */
export function padding(size: number): Buffer {
  return Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);
}

/** An archive's end. */
export function endOfArchive(): Uint8Array {
  return Buffer.alloc(2 * BLOCK);
}

/** A pax record holds its own length in decimal. */
function record(key: string, value: string): string {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest + String(rest).length;
  if (rest + String(length).length !== length) length = rest + String(length).length;
  return `${length} ${key}=${value}\n`;
}

const TYPES = { file: '0', link: '2', directory: '5' } as const;

function header(entry: TarEntry, type: string): Buffer {
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, width: number): string => `${value.toString(8).padStart(width - 1, '0')}\0`;
  const text = (value: string, at: number): void => {
    block.write(Buffer.from(value).subarray(0, NAME).toString('latin1'), at, 'latin1');
  };
  text(entry.kind === 'directory' ? `${entry.path}/` : entry.path, 0);
  block.write(octal(entry.mode, 8), 100);
  block.write(octal(entry.uid ?? 0, 8), 108);
  block.write(octal(entry.gid ?? 0, 8), 116);
  block.write(octal(entry.size > LARGEST ? 0 : entry.size, 12), 124);
  block.write(octal(entry.modified ?? 0, 12), 136);
  block.write(' '.repeat(8), 148);
  block.write(type, 156);
  text(entry.link ?? '', 157);
  block.write('ustar\x0000', 257, 'latin1');
  if (entry.uid === undefined) block.write('root', 265);
  if (entry.gid === undefined) block.write('root', 297);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

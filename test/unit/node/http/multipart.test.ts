import { describe, expect, it } from 'vitest';
import { MultipartReader } from '../../../../local/node/http/multipart.ts';

const BOUNDARY = '----a+b(c)';
const CONTENT = 'first\r\n------a+b(c\r\nlast';

const field = (name: string, value: string): string =>
  `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
const FILE = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="filename"; filename="a.iso"\r\n\r\n${CONTENT}`;
const END = `\r\n--${BOUNDARY}--\r\n`;

/** Feeds the text in pieces of a size. */
function read(text: string, size: number): { readonly reader: MultipartReader; readonly content: string } {
  const reader = new MultipartReader(BOUNDARY);
  const bytes = Buffer.from(text, 'latin1');
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) pieces.push(reader.push(bytes.subarray(at, at + size)));
  return { reader, content: Buffer.concat(pieces).toString('latin1') };
}

describe('MultipartReader', () => {
  const text = `preamble\r\n${field('content', ' iso ')}${field('checksum-algorithm', 'md5')}${field('checksum', 'f')}${FILE}${END}`;

  it.each([1, 2, 7, 64, 10_000])('reads the same from pieces of %i bytes', (size) => {
    const { reader, content } = read(text, size);
    expect(reader.isComplete).toBe(true);
    expect(content).toBe(CONTENT);
    expect(reader.fields).toEqual({
      content: 'iso',
      'checksum-algorithm': 'md5',
      checksum: 'f',
      filename: 'a.iso',
    });
  });

  it('is not complete without its end', () => {
    expect(read(`${field('content', 'iso')}${FILE}`, 50).reader.isComplete).toBe(false);
  });

  it('takes fields in one order only, as the real one does', () => {
    const turned = `${field('checksum', 'f')}${field('content', 'iso')}${FILE}${END}`;
    expect(() => read(turned, 10_000)).toThrow(`wrong Content-Disposition 'form-data; name="checksum"`);
  });

  it('refuses another disposition, another name, endless fields', () => {
    const other = FILE.replace('form-data', 'attachment');
    expect(() => read(other, 500)).toThrow("wrong Content-Disposition 'attachment' in multipart, expected 'form-data'");
    const named = FILE.replace('name="filename"', 'name="file"');
    expect(() => read(named, 500)).toThrow("wrong field name 'file' for file upload, expected 'filename'");
    expect(() => read('x'.repeat(100_000), 1000)).toThrow('upload failed');
  });
});

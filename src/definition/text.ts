import type { Problem } from '../model/errors.ts';

/** More than any definition needs; what is longer is no definition. */
const LIMIT = 64 * 1024;

/** Bytes of a file as text without byte order mark, or where they are not UTF-8. */
export function decode(
  file: string,
  bytes: Uint8Array,
): { readonly text: string } | { readonly problems: readonly Problem[] } {
  if (bytes.length > LIMIT) {
    return { problems: [{ file, line: 1, message: `has ${bytes.length} bytes, more than ${LIMIT}` }] };
  }
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) {
    return { problems: [{ file, line: 1, message: 'is UTF-16', fix: 'save it as UTF-8' }] };
  }
  const text = utf8(bytes);
  if (text !== undefined) return { text };
  const problems: Problem[] = [];
  let start = 0;
  for (let line = 1; start <= bytes.length; line += 1) {
    // A newline is never part of another character in UTF-8, so lines can be judged alone.
    const end = bytes.indexOf(0x0a, start);
    const stop = end === -1 ? bytes.length : end;
    if (utf8(bytes.subarray(start, stop)) === undefined) {
      problems.push({ file, line, message: 'has bytes that are not UTF-8', fix: 'save the file as UTF-8' });
    }
    start = stop + 1;
  }
  return { problems };
}

function utf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

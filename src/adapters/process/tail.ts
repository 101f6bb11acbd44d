export interface Tail {
  add(text: string): void;
  text(): string;
}

/** Keeps the end of a text: at most `maxBytes` bytes of UTF-8. */
export function createTail(maxBytes: number): Tail {
  const parts: { readonly text: string; readonly bytes: number }[] = [];
  let bytes = 0;
  let first = 0;

  return {
    add(text) {
      const part = { text, bytes: Buffer.byteLength(text) };
      parts.push(part);
      bytes += part.bytes;
      for (let oldest = parts[first]; oldest !== undefined && bytes - oldest.bytes >= maxBytes; oldest = parts[first]) {
        bytes -= oldest.bytes;
        first += 1;
      }
      if (first > 1024) {
        parts.splice(0, first);
        first = 0;
      }
    },
    text: () =>
      lastBytes(
        parts
          .slice(first)
          .map((part) => part.text)
          .join(''),
        maxBytes,
      ),
  };
}

/** Cuts at a character's beginning, never inside one. */
function lastBytes(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length <= maxBytes) return text;
  let start = bytes.length - maxBytes;
  while (start < bytes.length && ((bytes[start] ?? 0) & 0xc0) === 0x80) start += 1;
  return bytes.subarray(start).toString('utf8');
}

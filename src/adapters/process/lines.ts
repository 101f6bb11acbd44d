import { StringDecoder } from 'node:string_decoder';
import type { Mask } from './mask.ts';

/** A line without its end is passed on in pieces from this length on, so that output cannot fill the memory. */
const LONGEST_LINE = 64 * 1024;

export interface Lines {
  write(chunk: Uint8Array): void;
  end(): void;
}

export interface LinesOptions {
  readonly mask?: Mask;
  /** Without the line's end; a carriage return before it is gone too. */
  readonly onLine?: (line: string) => void;
  /** The same text whole, ends of lines included. */
  readonly onText?: (text: string) => void;
}

/** Bytes in, masked lines out. A secret or a character that arrives in two chunks is one again before anybody sees it. */
export function createLines(options: LinesOptions): Lines {
  const decoder = new StringDecoder('utf8');
  const hide = (text: string) => options.mask?.apply(text) ?? text;
  let rest = '';

  const emit = (line: string, ended: boolean) => {
    options.onText?.(ended ? `${line}\n` : line);
    options.onLine?.(line.endsWith('\r') ? line.slice(0, -1) : line);
  };
  const take = (text: string) => {
    const parts = (rest + text).split('\n');
    rest = parts.pop() ?? '';
    for (const line of parts) emit(hide(line), true);
    if (rest.length <= LONGEST_LINE) return;
    // What is left back could be the beginning of a secret.
    const hidden = hide(rest);
    const kept = Math.min(hidden.length, options.mask?.longest() ?? 0);
    const cut = hidden.length - kept;
    if (cut > 0) emit(hidden.slice(0, cut), false);
    rest = hidden.slice(cut);
  };

  return {
    write: (chunk) => take(decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))),
    end() {
      take(decoder.end());
      if (rest !== '') emit(hide(rest), false);
      rest = '';
    },
  };
}

import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';

/** What an image may be packed with, and the program that unpacks it. */
const PROGRAMS = {
  gz: ['zcat'],
  lzo: ['lzop', '-d', '-c'],
  zst: ['zstd', '-q', '-d', '-c'],
  bz2: ['bzcat', '-q'],
} as const;

export type Compression = keyof typeof PROGRAMS;

export function isCompression(text: string): text is Compression {
  return Object.hasOwn(PROGRAMS, text);
}

export async function decompress(
  compression: Compression,
  from: string,
  to: string,
  signal: AbortSignal,
): Promise<void> {
  const [program, ...options] = PROGRAMS[compression];
  const child = spawn(program, [...options, from], { stdio: ['ignore', 'pipe', 'ignore'], signal });
  const ended = new Promise<void>((resolve, reject) => {
    const failed = (how: string): void =>
      reject(new Error(`command '${[program, ...options, from].join(' ')}' failed: ${how}`));
    child.once('error', (error) => failed(error.message));
    child.once('close', (code) => (code === 0 ? resolve() : failed(`exit code ${code}`)));
  });
  await Promise.all([ended, pipeline(child.stdout, createWriteStream(to))]);
}

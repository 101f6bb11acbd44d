import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** A user's PATH often lacks the folders of administration programs. */
const SEARCH = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

export function hasProgram(name: string): boolean {
  const folders = new Set([...(process.env.PATH ?? '').split(delimiter), ...SEARCH]);
  return [...folders].some((folder) => folder !== '' && existsSync(join(folder, name)));
}

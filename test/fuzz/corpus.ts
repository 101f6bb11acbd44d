import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, import.meta.dirname.includes('/build/') ? '../../..' : '../..');

/** The definitions of this repository, by the name of their file. */
export function corpus(): readonly (readonly [string, Uint8Array])[] {
  const directories = [
    ...readdirSync(join(ROOT, 'libs')).map((name) => join(ROOT, 'libs', name)),
    join(ROOT, 'docs', 'example'),
  ];
  return directories.flatMap((directory) =>
    ['config.env', 'container.yml']
      .filter((name) => existsSync(join(directory, name)))
      .map((name) => [name, Uint8Array.from(readFileSync(join(directory, name)))] as const),
  );
}

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';

/** `npm run cookbook` writes cookbook/ as a module, so that the bundles carry it; test/unit/configure checks that it was done. */

/** This file runs from actions/ in tests and from build/actions/ as a program. */
const ROOT = resolve(import.meta.dirname, basename(join(import.meta.dirname, '..')) === 'build' ? '../..' : '..');
const FOLDER = join(ROOT, 'cookbook');
export const COOKBOOK_MODULE = join(ROOT, 'src', 'configure', 'cinc-files.ts');

export function cookbookModule(): string {
  const files = readdirSync(FOLDER, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(rb|sh)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const rows = files.map(
    (file) => `  ${JSON.stringify(relative(FOLDER, file))}: ${JSON.stringify(readFileSync(file, 'utf8'))},`,
  );
  return `${[
    '// Written by npm run cookbook from cookbook/.',
    '/** Text by path below cookbook/. */',
    'export const CINC_FILES = {',
    ...rows,
    '} as const;',
  ].join('\n')}\n`;
}

if (process.argv[1] === import.meta.filename) writeFileSync(COOKBOOK_MODULE, cookbookModule());

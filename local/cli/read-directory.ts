import { lstatSync, readdirSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { BASE_NAMES, definitionFiles } from '../../src/definition/files.ts';
import type { DirectoryFacts } from '../../src/imports/directory/take-directory.ts';
import { GitopsError } from '../../src/model/errors.ts';
import type { Source } from '../../src/model/ports.ts';
import { schemaFrom } from './schema-from.ts';

const FILES = ['configSettings', '.env', 'build-target.sh'];

/** A directory in the one-directory-per-container form, looked at and not changed. Throws kind user when it is not there. */
export async function readDirectory(source: Source, shown: string, stage: string): Promise<DirectoryFacts> {
  const directory = resolve(shown);
  const top = await source.list(directory);
  if (top === undefined) throw new GitopsError('user', `Unable to import ${shown}: no such directory`);
  const programs = (await source.list(join(directory, 'bin'))) ?? [];
  const files = await source.read(directory, [...FILES, ...BASE_NAMES, ...definitionFiles(stage)]);
  const older = join(dirname(directory), '.data', basename(directory));
  return {
    directory,
    shown,
    schema: schemaFrom(directory),
    names: [...top, ...programs.map((name) => `bin/${name}`)],
    files,
    data: dataOf(join(directory, 'data')),
    ...((await source.list(older)) === undefined ? {} : { olderData: older }),
  };
}

function dataOf(path: string): DirectoryFacts['data'] {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return { kind: 'none' };
  if (found.isDirectory()) return { kind: 'directory', bytes: bytesBelow(path) };
  if (!found.isSymbolicLink()) throw new GitopsError('user', `Unable to import ${path}: it is no directory`);
  try {
    return { kind: 'link', target: realpathSync(path) };
  } catch (cause) {
    throw new GitopsError('user', `Unable to import ${path}: the symlink leads nowhere on this machine`, {
      cause,
      advice: ['import on the node, where the directory is that is to be mounted'],
    });
  }
}

function bytesBelow(folder: string): number {
  let sum = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) sum += bytesBelow(path);
    else if (entry.isFile()) sum += lstatSync(path).size;
  }
  return sum;
}

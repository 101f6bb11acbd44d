#!/usr/bin/env node
import { readFileSync, statSync } from 'node:fs';
import module from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * What is installed as `pve-gitops`. Most of a short run would go into finding and reading some hundred small files, so `npm run
 * build` also leaves all of them as a few (actions/bundle-cli.ts), which are used as long as they are of the present build.
 */
const build = join(import.meta.dirname, '..', '..');
const bundle = join(build, 'bundle', 'cli');

function isOfThisBuild(): boolean {
  try {
    const { mtimeMs } = statSync(join(build, '.tsbuildinfo'));
    return readFileSync(join(bundle, 'of-build'), 'utf8') === String(mtimeMs);
  } catch {
    return false;
  }
}

/** From Node 22.1: what has been compiled once is kept. Where that cannot be written, it is compiled anew. */
const { enableCompileCache } = module as { readonly enableCompileCache?: (directory: string) => unknown };
enableCompileCache?.(join(build, 'bundle', 'cache'));

if (isOfThisBuild()) await import(pathToFileURL(join(bundle, 'commands.js')).href);
else await import('./commands.ts');

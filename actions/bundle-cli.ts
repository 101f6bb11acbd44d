import { execFile } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

/**
 * The last part of `npm run build`: the command line as a few files, in build/bundle/cli. Nothing of it is committed, so what
 * bundles it is rolldown, which the tests bring along as well: ncc would take half a minute of every build.
 */

const BUILD = join(import.meta.dirname, '..');
const TARGET = join(BUILD, 'bundle', 'cli');
/** Which build it was made of, for local/cli/main.ts. */
const OF_BUILD = join(TARGET, 'of-build');

/** A whole HTTP client that is a second one beside Node's own, and that few commands use: it is loaded with its first use. */
const UNDICI = `'use strict';
exports.fetch = (...given) => require('undici').fetch(...given);
exports.ProxyAgent = class ProxyAgent {
  constructor(...given) {
    const { ProxyAgent: Real } = require('undici');
    return new Real(...given);
  }
};
`;

async function bundle(rolldown: string, build: string): Promise<void> {
  const input = join(BUILD, 'local', 'cli', 'commands.js');
  const names = ['--entryFileNames', '[name].js', '--chunkFileNames', '[name].js'];
  const options = [
    '--platform',
    'node',
    '--format',
    'esm',
    '--external',
    'undici',
    '--cleanDir',
    '--no-comments',
    ...names,
  ];
  await promisify(execFile)(process.execPath, [rolldown, input, '--dir', TARGET, ...options], { maxBuffer: 1 << 24 });
  for (const name of await readdir(TARGET)) {
    const text = await readFile(join(TARGET, name), 'utf8');
    const own = text.replaceAll(/(?<=\bfrom\s*|^import\s*)"undici"/gm, '"./undici.cjs"');
    if (own !== text) await writeFile(join(TARGET, name), own);
  }
  await writeFile(join(TARGET, 'undici.cjs'), UNDICI);
  await writeFile(OF_BUILD, build);
}

const rolldown = join(BUILD, '..', 'node_modules', 'rolldown', 'bin', 'cli.mjs');
const build = String(statSync(join(BUILD, '.tsbuildinfo')).mtimeMs);
if (!existsSync(rolldown)) {
  console.log('note: rolldown is not installed, so that the command line takes twice as long to start');
} else if (!existsSync(OF_BUILD) || readFileSync(OF_BUILD, 'utf8') !== build) {
  // One that is half made is none.
  await rm(OF_BUILD, { force: true });
  await bundle(rolldown, build);
}

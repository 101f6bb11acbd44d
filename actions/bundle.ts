import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** `npm run dist` writes actions/NAME/dist; with --check it writes elsewhere and compares (docs/adr/003). */

const ROOT = join(import.meta.dirname, '..', '..');
const ACTIONS = ['container-init', 'container-default', 'container-configuration', 'fleet'];
const LIMIT = 1.5 * 1000 * 1000;

/** Runs on any Node, so that an old one gets a sentence instead of a syntax error. */
const INDEX = `const major = Number(process.versions.node.split('.')[0]);
if (major < 20) {
  console.log(\`::error::this action needs Node 20 or newer, the runner has \${process.versions.node}\`);
  process.exit(1);
}
import('./bundle.js');
`;

/**
 * The toolkit brings a whole HTTP client of 0.5 MB with it, for proxies. Node's own fetch is the same client; through a proxy the
 * forge is not told how a run goes, which is a warning.
 */
const UNDICI = `'use strict';
exports.fetch = (...given) => globalThis.fetch(...given);
exports.ProxyAgent = class ProxyAgent {};
`;

/**
 * The compiled code, with every `import()` loaded late but from the same file: a file of its own for each would stay as large
 * as it was written, and only the last one's licences would be listed.
 */
async function inputOf(): Promise<string> {
  // The same place every time: the names of modules follow from it.
  const input = join(ROOT, 'build', 'bundle-input');
  await rm(input, { recursive: true, force: true });
  for (const folder of ['actions', 'src'])
    await cp(join(ROOT, 'build', folder), join(input, folder), { recursive: true });
  for (const name of await readdir(input, { recursive: true })) {
    if (!name.endsWith('.js')) continue;
    const text = await readFile(join(input, name), 'utf8');
    const eager = text.replaceAll(/(?<![\w.])import\((?=['"])/g, 'import(/* webpackMode: "eager" */ ');
    if (eager !== text && !name.endsWith('bundle.js')) await writeFile(join(input, name), eager);
  }
  return input;
}

async function bundle(input: string, action: string, target: string): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), 'pve-gitops-dist-'));
  try {
    const ncc = join(ROOT, 'node_modules', '@vercel', 'ncc', 'dist', 'ncc', 'cli.js');
    const entry = join(input, 'actions', action, 'main.js');
    const args = [
      ncc,
      'build',
      entry,
      '-m',
      '-o',
      work,
      '--no-cache',
      '--license',
      'licenses.txt',
      '--external',
      'undici',
    ];
    await promisify(execFile)(process.execPath, args, { cwd: ROOT, maxBuffer: 1 << 24 });
    const text = await readFile(join(work, 'index.js'), 'utf8');
    const own = text
      .replaceAll(/(\bfrom ?|\()"undici"/g, '$1"./undici.cjs"')
      // The toolkit's HTTP client would leave certificates unchecked when asked to. Nothing here asks; now nothing can.
      .replaceAll(/rejectUnauthorized:\s*(?:false|!1)/g, 'rejectUnauthorized:true');
    // Any other way to name it would be looked for on the runner's machine.
    if (own.includes('"undici"')) throw new Error(`${action}: undici is still named`);
    await writeFile(join(work, 'bundle.js'), own);
    await rm(join(work, 'index.js'));
    await writeFile(join(work, 'undici.cjs'), UNDICI);
    await writeFile(join(work, 'index.js'), INDEX);
    await writeFile(join(work, 'package.json'), '{ "type": "module" }\n');
    await rm(target, { recursive: true, force: true });
    await mkdir(target, { recursive: true });
    await cp(work, target, { recursive: true });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function contentOf(folder: string): Promise<Map<string, Buffer>> {
  const names = await readdir(folder).catch(() => []);
  return new Map(await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name))] as const)));
}

async function differences(committed: string, fresh: string): Promise<string[]> {
  const [a, b] = [await contentOf(committed), await contentOf(fresh)];
  return [...new Set([...a.keys(), ...b.keys()])].filter(
    (name) => !a.get(name)?.equals(b.get(name) ?? Buffer.alloc(0)),
  );
}

const check = process.argv.includes('--check');
const scratch = check ? await mkdtemp(join(tmpdir(), 'pve-gitops-check-')) : undefined;
let stale = 0;
const input = await inputOf();
await Promise.all(
  ACTIONS.map(async (action) => {
    const committed = join(ROOT, 'actions', action, 'dist');
    const target = scratch === undefined ? committed : join(scratch, action);
    await bundle(input, action, target);
    const size = (await readFile(join(target, 'bundle.js'))).length;
    console.log(`${action}: ${(size / 1000).toFixed(0)} kB`);
    if (size > LIMIT) {
      stale += 1;
      console.error(`${action}: the bundle is larger than ${LIMIT / 1000} kB`);
    }
    const differing = scratch === undefined ? [] : await differences(committed, target);
    if (differing.length > 0) {
      stale += 1;
      console.error(`${action}: dist is stale (${differing.join(', ')}); run npm run dist and commit it`);
    }
  }),
);
await rm(input, { recursive: true, force: true });
if (scratch !== undefined) await rm(scratch, { recursive: true, force: true });
process.exitCode = stale > 0 ? 1 : 0;

import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** `npm run dist` writes actions/NAME/dist; with --check it writes elsewhere and compares (docs/adr/003). */

const ROOT = join(import.meta.dirname, '..', '..');
const ACTIONS = ['container-init', 'container-default', 'container-configuration'];
const LIMIT = 1.5 * 1000 * 1000;

/** Runs on any Node, so that an old one gets a sentence instead of a syntax error. */
const INDEX = `const major = Number(process.versions.node.split('.')[0]);
if (major < 20) {
  console.log(\`::error::this action needs Node 20 or newer, the runner has \${process.versions.node}\`);
  process.exit(1);
}
import('./bundle.js');
`;

async function bundle(action: string, target: string): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), 'pve-gitops-dist-'));
  try {
    const ncc = join(ROOT, 'node_modules', '@vercel', 'ncc', 'dist', 'ncc', 'cli.js');
    const entry = join(ROOT, 'build', 'actions', action, 'main.js');
    const args = [ncc, 'build', entry, '-m', '-o', work, '--no-cache', '--license', 'licenses.txt'];
    await promisify(execFile)(process.execPath, args, { cwd: ROOT, maxBuffer: 1 << 24 });
    await rename(join(work, 'index.js'), join(work, 'bundle.js'));
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
await Promise.all(
  ACTIONS.map(async (action) => {
    const committed = join(ROOT, 'actions', action, 'dist');
    const target = scratch === undefined ? committed : join(scratch, action);
    await bundle(action, target);
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
if (scratch !== undefined) await rm(scratch, { recursive: true, force: true });
process.exitCode = stale > 0 ? 1 : 0;

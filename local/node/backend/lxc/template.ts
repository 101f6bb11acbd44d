import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { TaskLog, TemplateRecipe } from '../backend.ts';
import type { AptProxies, AptSource, Mirrors } from './apt-sources.ts';
import { mirrorsOf, parseAptProxies, parseAptSources, templateProxies, templateSources } from './apt-sources.ts';
import { progressLog } from './progress-log.ts';
import { CommandError, runCommand } from './run-command.ts';
import { finishTemplateTree, templatePackages } from './template-tree.ts';

const BOOTSTRAP_DEADLINE = 45 * 60_000;
const PACK_DEADLINE = 15 * 60_000;
const SCRIPTS = '/usr/share/debootstrap/scripts';
const TAIL = 10;

async function textOf(path: string): Promise<string> {
  return await readFile(path, 'utf8').catch(() => '');
}

/** A Debian machine's own mirrors; others get Debian's. */
async function hostMirrors(): Promise<Mirrors> {
  const release = await textOf('/etc/os-release');
  const codename = /^ID="?debian"?$/m.test(release) ? /^VERSION_CODENAME="?(\w+)/m.exec(release)?.[1] : undefined;
  if (codename === undefined) return mirrorsOf([], '');
  const parts = await readdir('/etc/apt/sources.list.d').catch(() => []);
  const files = ['/etc/apt/sources.list', ...parts.sort().map((name) => `/etc/apt/sources.list.d/${name}`)];
  const sources: AptSource[] = [];
  for (const file of files) sources.push(...parseAptSources(file, await textOf(file)));
  return mirrorsOf(sources, codename);
}

async function hostProxies(): Promise<AptProxies> {
  const result = await runCommand(['apt-config', 'dump'], { timeout: 15_000 }).catch(() => undefined);
  return parseAptProxies(result?.stdout ?? '');
}

/** The last lines say why a bootstrap failed; its own log says it better where there is one. */
async function failureTail(tree: string, lines: readonly string[]): Promise<readonly string[]> {
  const own = (await textOf(join(tree, 'debootstrap/debootstrap.log'))).trimEnd().split('\n');
  return [...lines.slice(-TAIL), ...own.slice(-TAIL)].filter((line) => line !== '');
}

async function bootstrap(
  recipe: TemplateRecipe,
  tree: string,
  cache: string,
  mirrors: Mirrors,
  proxies: AptProxies,
  log: TaskLog,
  signal: AbortSignal,
): Promise<void> {
  await mkdir(cache, { recursive: true });
  const script = existsSync(join(SCRIPTS, recipe.suite)) ? [] : [join(SCRIPTS, 'sid')];
  const argv = [
    'debootstrap',
    '--variant=minbase',
    // Without Debian's keys on this machine it must fail, not trust whatever the mirror sends.
    '--force-check-gpg',
    `--arch=${recipe.arch}`,
    `--cache-dir=${cache}`,
    `--include=${[...templatePackages(recipe.suite), ...(recipe.packages ?? [])].join(',')}`,
    recipe.suite,
    tree,
    mirrors.archive,
    ...script,
  ];
  const lines: string[] = [];
  const progress = progressLog(log);
  try {
    const result = await runCommand(argv, {
      timeout: BOOTSTRAP_DEADLINE,
      signal,
      contained: true,
      env: {
        ...process.env,
        LC_ALL: 'C',
        ...(proxies.http === undefined ? {} : { http_proxy: proxies.http }),
        ...(proxies.https === undefined ? {} : { https_proxy: proxies.https }),
      } as Record<string, string>,
      onLine: (line) => {
        lines.push(line);
        progress.step(line.replace(/^I: /, ''));
      },
    });
    if (result.code === 0 && result.ended === undefined) return;
    for (const line of await failureTail(tree, lines)) log(line);
    throw new CommandError(argv, result);
  } finally {
    progress.end();
  }
}

/** Written beside the destination and renamed, so that a template is there whole or not at all. */
async function pack(tree: string, destination: string, log: TaskLog, signal: AbortSignal): Promise<void> {
  const prefix = `.${basename(destination)}.`;
  for (const name of await readdir(dirname(destination))) {
    if (name.startsWith(prefix)) await rm(join(dirname(destination), name), { force: true });
  }
  const part = join(dirname(destination), `${prefix}${process.pid}`);
  const options = ['--numeric-owner', '--xattrs', '--acls', '--one-file-system', '--sparse', '--sort=name'];
  const argv = ['tar', '-C', tree, ...options, '--exclude=./dev/*', '-I', 'zstd -T0 -3', '-cf', part, '.'];
  const progress = progressLog(log);
  try {
    progress.step('packing');
    const result = await runCommand(argv, { timeout: PACK_DEADLINE, signal, contained: true });
    if (result.code !== 0 || result.ended !== undefined) throw new CommandError(argv, result);
    const handle = await open(part, 'r+');
    await handle.sync();
    await handle.close();
    await rename(part, destination);
  } finally {
    progress.end();
    await rm(part, { force: true });
  }
}

/**
 * Makes a template with debootstrap. `stateDirectory` keeps the packages, so that a second making needs no download;
 * its file system must allow devices and programs.
 */
export async function makeTemplate(
  recipe: TemplateRecipe,
  destination: string,
  stateDirectory: string,
  log: TaskLog,
  signal: AbortSignal,
): Promise<void> {
  const mirrors = await hostMirrors();
  const proxies = await hostProxies();
  const work = join(stateDirectory, 'work');
  await mkdir(work, { recursive: true, mode: 0o700 });
  await mkdir(dirname(destination), { recursive: true });
  const tree = await mkdtemp(join(work, 'template-'));
  try {
    log(`making ${recipe.file} from ${mirrors.archive.replace(/\/\/[^/@]*@/, '//')} ${recipe.suite}`);
    const cache = join(stateDirectory, 'cache', `debs-${recipe.suite}-${recipe.arch}`);
    await bootstrap(recipe, tree, cache, mirrors, proxies, log, signal);
    await finishTemplateTree(tree, {
      sources: templateSources(recipe.suite, mirrors),
      proxies: templateProxies(proxies),
    });
    log(`packing ${recipe.file}`);
    await pack(tree, destination, log, signal);
    log(`made ${recipe.file}`);
  } finally {
    await rm(tree, { recursive: true, force: true });
  }
}

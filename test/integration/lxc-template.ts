import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { makeTemplate } from '../../local/node/backend/lxc/template.ts';

const DAY = 86_400_000;
/** Made once and used by all tests of a week: nothing in a template changes from run to run. */
const FOLDER = '/var/tmp/pve-gitops-tests';
/** Named as the local node's index names them, so that a node takes them for its own. */
const RECIPES = {
  12: { file: 'debian-12-standard_12.12-1_amd64.tar.zst', os: 'debian-12', suite: 'bookworm', arch: 'amd64' },
  13: { file: 'debian-13-standard_13.1-2_amd64.tar.zst', os: 'debian-13', suite: 'trixie', arch: 'amd64' },
} as const;

/**
 * Path of a real Debian template; `packages`: it has these too, so that the containers of a test wait for no downloads.
 * `PVE_GITOPS_TEST_TEMPLATE` names a ready one for Debian 12.
 */
export async function debianTemplate(
  release: keyof typeof RECIPES = 12,
  packages: readonly string[] = [],
): Promise<string> {
  const given = process.env.PVE_GITOPS_TEST_TEMPLATE;
  if (release === 12 && given !== undefined && given !== '') return given;
  const recipe = { ...RECIPES[release], packages };
  const folder = join(FOLDER, packages.join('+'));
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const destination = join(folder, recipe.file);
  const isThere = (): boolean => existsSync(destination) && Date.now() - statSync(destination).mtimeMs < 7 * DAY;
  if (isThere()) return destination;
  await alone(async () => {
    if (isThere()) return;
    rmSync(destination, { force: true });
    console.warn('making a Debian template with debootstrap: this takes a minute or two');
    const log = (line: string): void => console.warn(line);
    await makeTemplate(recipe, destination, FOLDER, log, new AbortController().signal);
  });
  return destination;
}

/** Test files run side by side: one of them makes a template, the others wait for it. */
async function alone(work: () => Promise<void>): Promise<void> {
  const holder = spawn('flock', [join(FOLDER, 'lock'), 'sh', '-c', 'echo held; cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(holder, 'exit');
  try {
    await once(holder.stdout, 'data');
    await work();
  } finally {
    holder.stdin.end();
    await ended;
  }
}

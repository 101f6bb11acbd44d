import { existsSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { makeTemplate } from '../../local/node/backend/lxc/template.ts';

const DAY = 86_400_000;
/** Made once and used by all tests of a week: nothing in a template changes from run to run. */
const FOLDER = '/var/tmp/pve-gitops-tests';
const FILE = 'debian-12-standard_12.12-1_amd64.tar.zst';

/** Path of a real Debian template. `PVE_GITOPS_TEST_TEMPLATE` names a ready one. */
export async function debianTemplate(): Promise<string> {
  const given = process.env.PVE_GITOPS_TEST_TEMPLATE;
  if (given !== undefined && given !== '') return given;
  mkdirSync(FOLDER, { recursive: true, mode: 0o700 });
  const destination = join(FOLDER, FILE);
  if (existsSync(destination) && Date.now() - statSync(destination).mtimeMs < 7 * DAY) return destination;
  rmSync(destination, { force: true });
  console.warn('making a Debian template with debootstrap: this takes a minute or two');
  const recipe = { file: FILE, os: 'debian-12', suite: 'bookworm', arch: 'amd64' };
  const log = (line: string): void => console.warn(line);
  await makeTemplate(recipe, destination, FOLDER, log, new AbortController().signal);
  return destination;
}

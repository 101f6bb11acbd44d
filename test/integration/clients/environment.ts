import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Beside this file, or where it came from: tsc copies no text. */
const REQUIREMENTS =
  [import.meta.dirname, join(import.meta.dirname, '../../../../test/integration/clients')]
    .map((folder) => join(folder, 'requirements.txt'))
    .find((file) => existsSync(file)) ?? 'requirements.txt';
/** ansible 12 needs 3.11; Debian 12's own is tried before whatever else is in the path. */
const PYTHONS = ['/usr/bin/python3', 'python3.13', 'python3.12', 'python3.11', 'python3'];
const USABLE = 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))';
/** For pip as a whole, on a slow line. */
const INSTALL_MS = 600_000;

/** A Python that can make the environment; undefined: this machine has none. `PVE_GITOPS_PYTHON` names another. */
export async function findPython(): Promise<string | undefined> {
  const named = process.env.PVE_GITOPS_PYTHON;
  for (const python of named === undefined || named === '' ? PYTHONS : [named]) {
    const usable = await run(python, ['-c', USABLE], { timeout: 20_000 }).then(
      () => true,
      () => false,
    );
    if (usable) return python;
  }
  return undefined;
}

/** The environment's Python. Made once per list of packages, then used by every run of the tests. */
export async function clientPython(python: string): Promise<string> {
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'pve-gitops');
  const { stdout: version } = await run(python, ['-VV'], { timeout: 20_000 });
  const hash = createHash('sha256').update(readFileSync(REQUIREMENTS)).update(version).digest('hex').slice(0, 12);
  const folder = join(cache, `clients-${hash}`);
  const found = join(folder, 'bin', 'python');
  if (existsSync(join(folder, 'complete'))) return found;
  console.warn(`installing the Python clients of ${REQUIREMENTS}: this takes a minute`);
  mkdirSync(cache, { recursive: true });
  // made beside it and then renamed: half an environment is never taken for a whole one
  const made = mkdtempSync(`${folder}.`);
  try {
    await run(python, ['-m', 'venv', made], { timeout: INSTALL_MS });
    const options = ['--quiet', '--disable-pip-version-check', '--no-input', '--no-compile', '--only-binary', ':all:'];
    await run(join(made, 'bin', 'python'), ['-m', 'pip', 'install', ...options, '--requirement', REQUIREMENTS], {
      timeout: INSTALL_MS,
      maxBuffer: 16 * 1024 ** 2,
    });
    writeFileSync(join(made, 'complete'), '');
    if (!existsSync(join(folder, 'complete'))) {
      rmSync(folder, { recursive: true, force: true });
      renameSync(made, folder);
    }
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
  return found;
}

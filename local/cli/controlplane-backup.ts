import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { openForgeSite } from '../../src/connect.ts';
import { putBackup, takeBackup } from '../../src/controlplane/backup.ts';
import { reach } from '../../src/controlplane/reach.ts';
import { CONTROL_PLANE } from '../../src/controlplane/repositories.ts';
import { GitopsError } from '../../src/model/errors.ts';
import { type CommonOptions, defineDirectory, withContext } from './context.ts';
import { type UpOptions, withControlPlane } from './controlplane.ts';
import { stateDirectory } from './state.ts';

const LIMIT_MS = 30 * 60_000;

export interface BackupOptions extends CommonOptions {
  readonly project?: string;
}

/** Writes everything that the control plane holds, but its programs, into one file that only its owner can read. */
export function controlPlaneBackup(file: string, given: BackupOptions): Promise<number> {
  if (existsSync(file)) throw new GitopsError('user', `Unable to write backup ${file}: it is there already`);
  const options = { ...given, stage: given.stage ?? 'main' };
  return withContext(options, async (context) => {
    const { ports, settings, signal, terminal } = context;
    const { desired } = await defineDirectory(context, join(resolve(given.project ?? '.'), CONTROL_PLANE), options);
    const call = { timeoutMs: LIMIT_MS, signal };
    const reached = await reach(ports, { settings, desired, signal }, call);
    try {
      const { bytes, sha256 } = await takeBackup(reached.shell, call);
      const sum = createHash('sha256').update(bytes).digest('hex');
      if (sum !== sha256)
        throw new GitopsError('remote', `Unable to back up the control plane: ${bytes.length} bytes arrived damaged`);
      writeFileSync(file, bytes, { mode: 0o600, flag: 'wx' });
      terminal.progress.close();
      terminal.print([
        `${file}: ${(bytes.length / 1e6).toFixed(1)} MB, SHA-256 ${sum}`,
        'it holds the keys of the site: keep it as a secret',
      ]);
      return 0;
    } finally {
      await reached.close();
    }
  });
}

/** A control plane with what a backup holds; then every container that was deployed is deployed again by its release. */
export async function controlPlaneRestore(file: string, given: UpOptions): Promise<number> {
  const bytes = readFileSync(file);
  takeKeys(file);
  return withControlPlane(given, async ({ context, deployed, rootUrl, again }) => {
    const { signal, terminal } = context;
    const call = { timeoutMs: LIMIT_MS, signal };
    await putBackup(deployed.shell, bytes, call);
    const { url, token, login } = await again();
    const started = await (await openForgeSite({ url, token })).deployAgain(call);
    terminal.progress.close();
    const said = started.map((repository) => `  ${repository}: deploys again`);
    terminal.print(['', `Gitea: ${rootUrl}  sign in as ${login}`, ...said]);
    return 0;
  });
}

/** Containers trust the site's SSH CA from their creation: the new ones have to trust the one of the backup. */
function takeKeys(file: string): void {
  const room = mkdtempSync(join(tmpdir(), 'pve-gitops-restore-'));
  try {
    execFileSync('tar', ['--extract', '--gzip', '--file', file, '--directory', room, '--no-same-owner', 'state/ca'], {
      stdio: 'pipe',
    });
    const target = join(stateDirectory(), 'ca');
    mkdirSync(target, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(join(room, 'state/ca'))) {
      const [from, to] = [join(room, 'state/ca', name), join(target, name)];
      if (!existsSync(to)) copyFileSync(from, to);
      else if (!readFileSync(from).equals(readFileSync(to))) {
        throw new GitopsError('user', `Unable to restore ${file}: ${to} is the key of another site`, {
          advice: ['restore onto an empty node: PVE_GITOPS_STATE_DIRECTORY names another place for it'],
        });
      }
    }
  } finally {
    rmSync(room, { recursive: true, force: true });
  }
}

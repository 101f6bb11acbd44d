import { fstatSync } from 'node:fs';
import { chown, mkdir, open, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BackupArchive, ContainerSpec, TaskLog } from '../backend.ts';
import type { PackedTree } from './archive-command.ts';
import { compressionOf, packCommand } from './archive-command.ts';
import { firstId } from './container-prepare.ts';
import type { HostSession } from './host-session.ts';
import type { Layout } from './layout.ts';
import { progressLog } from './progress-log.ts';
import { CommandError, runCommand } from './run-command.ts';

const DEADLINE = 24 * 60 * 60_000;
const CONFIG_DEADLINE = 60_000;
/** Where an archive has its container's config. */
export const CONFIG_FILE = 'etc/vzdump/pct.conf';

/** Where configs lie for archives in the making: a container's root must be able to walk to its own. */
export function backupFolder(layout: Layout): string {
  return join(layout.run, 'backup');
}

async function putConfig(folder: string, config: string, owner: number): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  const file = join(folder, CONFIG_FILE);
  await mkdir(join(file, '..'), { recursive: true, mode: 0o711 });
  await writeFile(file, config, { mode: 0o600 });
  await chown(file, owner, owner);
}

function treesOf(session: HostSession, spec: ContainerSpec, snapshot: string | undefined): readonly PackedTree[] {
  return [spec.rootfs, ...spec.mounts].flatMap(({ source, path }) =>
    source.kind === 'volume' ? [{ tree: session.volumes.path(source.volume, snapshot), path }] : [],
  );
}

/** Writes an archive of a container's volumes as Proxmox VE does: config first, owners as seen from inside. */
export async function writeBackup(
  session: HostSession,
  spec: ContainerSpec,
  archive: BackupArchive,
  log: TaskLog,
  signal: AbortSignal,
): Promise<void> {
  const { layout, facts } = session;
  const folder = join(backupFolder(layout), String(spec.vmid));
  await mkdir(backupFolder(layout), { recursive: true, mode: 0o711 });
  await putConfig(folder, archive.config, firstId(session, spec));
  const first = { tree: folder, path: '/', files: [CONFIG_FILE] };
  const trees = treesOf(session, spec, archive.snapshot);
  const argv = packCommand(first, trees, spec.unprivileged ? facts.idRange : undefined, archive.compression);
  const file = await open(archive.destination, 'w', 0o600);
  const progress = progressLog(log, () => `${Math.floor(fstatSync(file.fd).size / 1024 ** 2)} MiB written`);
  try {
    const env = { PATH: process.env.PATH ?? '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };
    const options = { timeout: DEADLINE, signal, contained: true, output: { fd: file.fd }, onLine: log, env };
    const result = await runCommand(argv, options);
    if (result.code !== 0 || result.ended !== undefined) throw new CommandError(argv, result);
    await file.sync();
  } finally {
    progress.end();
    await file.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** The config in an archive: its first file, so that no more is read than that. */
export async function readBackupConfig(archive: string): Promise<string> {
  const argv = ['tar', '-xOf', archive, ...compressionOf(archive), '--occurrence', `./${CONFIG_FILE}`];
  const result = await runCommand(argv, { timeout: CONFIG_DEADLINE, contained: true });
  if (result.code === 0 && result.stdout !== '') return result.stdout;
  throw new Error('ERROR: archive contains no configuration file');
}

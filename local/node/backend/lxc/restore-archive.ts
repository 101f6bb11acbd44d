import { constants } from 'node:fs';
import { open, rm, rmdir } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import type { ContainerSpec, TaskLog } from '../backend.ts';
import { unpackCommand, withBinds } from './archive-command.ts';
import { CONFIG_FILE } from './backup-archive.ts';
import { firstId, ownVolume, rootPath } from './container-prepare.ts';
import type { GuestFiles } from './guest-files.ts';
import { guestFiles, resolveInside } from './guest-files.ts';
import type { HostSession } from './host-session.ts';
import { limitedLog } from './limited-log.ts';
import { progressLog } from './progress-log.ts';
import { CommandError, runCommand } from './run-command.ts';

const DEADLINE = 24 * 60 * 60_000;

/** Makes a path of folders, and tells where on the host it is. */
async function makePath(files: GuestFiles, rootfs: string, path: string): Promise<string> {
  let made = '';
  for (const part of posix
    .normalize(path)
    .split('/')
    .filter((name) => name !== '' && name !== '..')) {
    made += `/${part}`;
    await files.makeDirectory(made, { mode: 0o755 });
  }
  return await resolveInside(rootfs, made, true);
}

/** Volumes of mount points and where the unpacked tree has them; outer ones first. */
async function bindsOf(
  session: HostSession,
  spec: ContainerSpec,
  files: GuestFiles,
): Promise<readonly (readonly [string, string])[]> {
  const rootfs = rootPath(session, spec);
  const binds: (readonly [string, string])[] = [];
  for (const { source, path } of [...spec.mounts].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    if (source.kind !== 'volume') continue;
    const target = await makePath(files, rootfs, path);
    // a volume within a volume: its folder must be in the outer one, which hides this one
    const outer = binds.findLast(([, place]) => target.startsWith(`${place}/`));
    if (outer !== undefined) {
      await makePath(guestFiles(outer[0], firstId(session, spec)), outer[0], target.slice(outer[1].length));
    }
    binds.push([session.volumes.path(source.volume), target]);
  }
  return binds;
}

/** The folder that an archive brings and a container has no use for. */
async function removeConfig(rootfs: string): Promise<void> {
  const file = await resolveInside(rootfs, `/${CONFIG_FILE}`, false);
  await rm(file, { force: true });
  await rm(join(dirname(file), 'pct.fw'), { force: true });
  await rmdir(dirname(file)).catch(() => undefined);
}

/** Unpacks a backup into the container's new, empty volumes. */
export async function restoreBackup(
  session: HostSession,
  spec: ContainerSpec,
  archive: string,
  log: TaskLog,
  signal: AbortSignal,
): Promise<void> {
  for (const mount of [spec.rootfs, ...spec.mounts]) await ownVolume(session, spec, mount);
  const rootfs = rootPath(session, spec);
  const binds = await bindsOf(session, spec, guestFiles(rootfs, firstId(session, spec)));
  log(`extracting archive '${archive}'`);
  const argv = unpackCommand(archive, rootfs, spec.unprivileged ? session.facts.idRange : undefined, false);
  const lines = limitedLog(log);
  const progress = progressLog(log, 'extracting');
  const file = await open(archive, constants.O_RDONLY);
  try {
    const env = { PATH: process.env.PATH ?? '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };
    const options = { timeout: DEADLINE, signal, contained: true, input: { fd: file.fd }, onLine: lines.add, env };
    const result = await runCommand(withBinds(binds, argv), options);
    if (result.code !== 0 || result.ended !== undefined) throw new CommandError(argv, result);
  } finally {
    progress.end();
    lines.end();
    await file.close();
  }
  await removeConfig(rootfs);
}

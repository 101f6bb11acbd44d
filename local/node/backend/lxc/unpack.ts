import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { ContainerSpec, TaskLog, UnpackOptions } from '../backend.ts';
import { unpackCommand } from './archive-command.ts';
import { guestFiles, resolveInside } from './guest-files.ts';
import { architectureLine, writeFirstSettings, writeSettings } from './guest-setup.ts';
import type { Resolver } from './guest-text.ts';
import { writeHostKeys } from './host-keys.ts';
import type { IdRange } from './id-range.ts';
import { limitedLog } from './limited-log.ts';
import { CommandError, runCommand } from './run-command.ts';

export interface UnpackPlace {
  /** Host path of the root file system. */
  readonly rootfs: string;
  readonly range: IdRange;
  /** For short-lived secrets; closed to others. */
  readonly workDirectory: string;
  /** The host's, as far as containers can use it. */
  readonly resolver: Resolver;
}

const TAR_DEADLINE = 30 * 60_000;

/** Fills an empty root file system from a template and sets it up. */
export async function unpack(
  spec: ContainerSpec,
  options: UnpackOptions,
  place: UnpackPlace,
  log: TaskLog,
  signal: AbortSignal,
): Promise<void> {
  log(`extracting archive '${options.archive}'`);
  const argv = unpackCommand(options.archive, place.rootfs, spec.unprivileged ? place.range : undefined, true);
  const lines = limitedLog(log);
  const archive = await open(options.archive, constants.O_RDONLY);
  try {
    const result = await runCommand(argv, {
      timeout: TAR_DEADLINE,
      signal,
      contained: true,
      input: { fd: archive.fd },
      onLine: lines.add,
      env: { ...environment(), LC_ALL: 'C' },
    });
    if (result.code !== 0 || result.ended !== undefined) throw new CommandError(argv, result);
  } finally {
    lines.end();
    await archive.close();
  }
  const files = guestFiles(place.rootfs, spec.unprivileged ? place.range.start : 0);
  await logArchitecture(place.rootfs, log);
  await writeSettings(files, spec, place.resolver);
  await writeFirstSettings(files, options);
  await writeHostKeys(files, spec, place.workDirectory, log, signal);
  signal.throwIfAborted();
}

function environment(): Record<string, string> {
  return Object.fromEntries(
    ['PATH', 'HOME'].flatMap((key) => {
      const value = process.env[key];
      return value === undefined ? [] : [[key, value]];
    }),
  );
}

async function logArchitecture(rootfs: string, log: TaskLog): Promise<void> {
  const shell = await resolveInside(rootfs, '/bin/sh', true);
  try {
    const handle = await open(shell, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(20), 0, 20, 0);
      architectureLine(buffer.subarray(0, bytesRead), log);
    } finally {
      await handle.close();
    }
  } catch {
    // A template without a shell: Proxmox VE only warns, and so little depends on it that we say nothing.
  }
}

import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { ContainerSpec, TaskLog, UnpackOptions } from '../backend.ts';
import { guestFiles, resolveInside } from './guest-files.ts';
import { architectureLine, writeFirstSettings, writeSettings } from './guest-setup.ts';
import type { Resolver } from './guest-text.ts';
import { writeHostKeys } from './host-keys.ts';
import type { IdRange } from './id-range.ts';
import { inUserNamespace } from './id-range.ts';
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
const FIRST_LINES = 50;
const LAST_LINES = 10;

function compression(archive: string): readonly string[] {
  if (/\.(?:tar\.zst|tzst)$/.test(archive)) return ['--zstd'];
  if (/\.(?:tar\.gz|tgz)$/.test(archive)) return ['-z'];
  if (/\.(?:tar\.xz|txz)$/.test(archive)) return ['-J'];
  if (/\.tar\.bz2$/.test(archive)) return ['-j'];
  return [];
}

/**
 * The tar of an untrusted archive. For unprivileged containers it runs as the container's root, in a user namespace:
 * the tree then carries shifted ids. The other way, a tree owned by root and mounted with `idmap=container`, needs a
 * file system and kernel that can do it, and would leave root's setuid programs in the host's file system.
 */
export function tarCommand(archive: string, rootfs: string, range: IdRange | undefined): readonly string[] {
  return [
    ...(range === undefined ? [] : inUserNamespace(range)),
    'tar',
    'xpf',
    '-',
    ...compression(archive),
    '--totals',
    '--one-file-system',
    '-p',
    '--sparse',
    '--numeric-owner',
    '--acls',
    '--xattrs',
    '--xattrs-include=user.*',
    '--xattrs-include=security.capability',
    '--warning=no-file-ignored',
    '--warning=no-xattr-write',
    '-C',
    rootfs,
    '--skip-old-files',
    '--anchored',
    '--exclude',
    './dev/*',
  ];
}

/** A full disk makes tar complain about each of ten thousand files. */
function limitedLog(log: TaskLog): { readonly add: TaskLog; readonly end: () => void } {
  const last: string[] = [];
  let count = 0;
  return {
    add(line) {
      count += 1;
      if (count <= FIRST_LINES) {
        log(line);
        return;
      }
      last.push(line);
      if (last.length > LAST_LINES) last.shift();
    },
    end() {
      const left = count - FIRST_LINES - last.length;
      if (left > 0) log(`... ${left} more lines ...`);
      for (const line of last) log(line);
    },
  };
}

/** Fills an empty root file system from a template and sets it up. */
export async function unpack(
  spec: ContainerSpec,
  options: UnpackOptions,
  place: UnpackPlace,
  log: TaskLog,
  signal: AbortSignal,
): Promise<void> {
  log(`extracting archive '${options.archive}'`);
  const argv = tarCommand(options.archive, place.rootfs, spec.unprivileged ? place.range : undefined);
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

import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { basename } from 'node:path';
import type { ContainerSpec, TaskLog } from '../backend.ts';

const MIB = 1024 ** 2;
/** What a Debian standard template unpacks to (row 133). */
export const UNPACKED = 266_874_880;
/** Newest Debian that the simulated release knows; a newer one is a warning (row 998). */
const TESTED_DEBIAN = 14;
/** zstd's, gzip's and xz's first bytes, and tar itself for archives that a test makes. */
const MAGIC = [Buffer.from([0x28, 0xb5, 0x2f, 0xfd]), Buffer.from([0x1f, 0x8b]), Buffer.from([0xfd, 0x37])];

/** The command that pve-container runs, for its error texts. */
export function tarCommand(spec: ContainerSpec, archive: string): string {
  const compression = archive.endsWith('.zst') ? ' --zstd' : archive.endsWith('.xz') ? ' -J' : ' -z';
  const mapped = spec.unprivileged ? 'lxc-usernsexec -m u:0:100000:65536 -m g:0:100000:65536 -- ' : '';
  const xattrs = "--xattrs '--xattrs-include=user.*' '--xattrs-include=security.capability'";
  const warnings = "'--warning=no-file-ignored' '--warning=no-xattr-write'";
  return `${mapped}tar xpf -${compression} --totals --one-file-system -p --sparse --numeric-owner --acls ${xattrs} ${warnings} -C /var/lib/lxc/${spec.vmid}/rootfs --skip-old-files --anchored --exclude './dev/*'`;
}

/** An archive must look like one: its first bytes are read, as tar's decompressor would. */
export function looksLikeArchive(file: string): boolean {
  const handle = openSync(file, 'r');
  try {
    const head = Buffer.alloc(4);
    readSync(handle, head, 0, 4, 0);
    return MAGIC.some((magic) => head.subarray(0, magic.length).equals(magic));
  } finally {
    closeSync(handle);
  }
}

/** Why the unpacking fails; undefined: it does not. */
export function unpackProblem(spec: ContainerSpec, archive: string, free: number): string | undefined {
  if (!looksLikeArchive(archive)) return 'tar: This does not look like a tar archive';
  const size = spec.rootfs.source.kind === 'volume' ? spec.rootfs.source.volume.size : 0;
  if ((size > 0 && size < UNPACKED + 32 * MIB) || free < UNPACKED) {
    return 'tar: ./usr/lib/locale/C.utf8/LC_CTYPE: Cannot write: No space left on device';
  }
  return undefined;
}

/** The lines after the archive has been unpacked: architecture, SSH host keys with random fingerprints. */
export function logSetup(spec: ContainerSpec, archive: string, log: TaskLog): void {
  log(`Total bytes read: ${UNPACKED} (255MiB, 340MiB/s)`);
  const version = /^debian-(\d+)-/.exec(basename(archive))?.[1];
  if (version !== undefined && Number(version) > TESTED_DEBIAN) {
    log(
      `WARN: The container's Debian version '${version}' is newer than the tested version '${TESTED_DEBIAN}'. While everything may work fine, full compatibility cannot be guaranteed. Please check for PVE system updates.`,
    );
  }
  log(`Detected container architecture: ${spec.arch}`);
  for (const kind of ['rsa', 'ecdsa', 'ed25519']) {
    log(`Creating SSH host key 'ssh_host_${kind}_key' - this may take some time ...`);
    log(`done: SHA256:${randomBytes(32).toString('base64').replace(/=+$/, '')} root@${spec.hostname.split('.')[0]}`);
  }
}

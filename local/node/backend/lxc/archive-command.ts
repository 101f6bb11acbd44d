import type { BackupArchive } from '../backend.ts';
import type { IdRange } from './id-range.ts';
import { inUserNamespace } from './id-range.ts';

/** What is kept of a file beside its content, in archives of both directions. */
const ATTRIBUTES = [
  ...['-p', '--sparse', '--numeric-owner', '--acls', '--xattrs'],
  ...['--xattrs-include=user.*', '--xattrs-include=security.capability'],
  ...['--warning=no-file-ignored', '--warning=no-xattr-write'],
];

/** How tar packs and unpacks, by the end of a file's name. */
export function compressionOf(archive: string): readonly string[] {
  if (/\.(?:tar\.zst|tzst)$/.test(archive)) return ['--zstd'];
  if (/\.(?:tar\.gz|tgz)$/.test(archive)) return ['-z'];
  if (/\.(?:tar\.xz|txz)$/.test(archive)) return ['-J'];
  if (/\.tar\.bz2$/.test(archive)) return ['-j'];
  if (/\.tar\.lzo$/.test(archive)) return ['--lzop'];
  return [];
}

const PACKING: Readonly<Record<BackupArchive['compression'], readonly string[]>> = {
  none: [],
  gzip: ['-z'],
  lzo: ['--lzop'],
  zstd: ['-I', 'zstd --threads=0'],
};

/** As the root of the container, where it has a range of its own. */
function asItsRoot(range: IdRange | undefined): readonly string[] {
  return range === undefined ? [] : inUserNamespace(range);
}

/**
 * The tar of an untrusted archive. For unprivileged containers it runs as the container's root, in a user namespace:
 * the tree then carries shifted ids. The other way, a tree owned by root and mounted with `idmap=container`, needs a
 * file system and kernel that can do it, and would leave root's setuid programs in the host's file system.
 * `keepOld`: what is there already stays, folders' owners too, as Proxmox VE unpacks templates.
 */
export function unpackCommand(
  archive: string,
  rootfs: string,
  range: IdRange | undefined,
  keepOld: boolean,
): readonly string[] {
  return [
    ...asItsRoot(range),
    ...['tar', 'xpf', '-', ...compressionOf(archive), '--totals'],
    // on a restore the mounts below are the container's own volumes
    ...(keepOld ? ['--one-file-system'] : []),
    ...ATTRIBUTES,
    ...['-C', rootfs],
    ...(keepOld ? ['--skip-old-files'] : []),
    ...['--anchored', '--exclude', './dev/*'],
  ];
}

/** A tree of the host and the path in the archive that it goes under. */
export interface PackedTree {
  readonly tree: string;
  /** `/` or an absolute path inside the container */
  readonly path: string;
}

/** One name for another at the start of members and hard links, not of symbolic ones: tar's sed expression. */
function renaming({ tree, path }: PackedTree): string {
  const from = tree.replace(/[.*[\]^$\\,]/g, '\\$&');
  const to = path === '/' ? '.' : `.${path.replace(/\/+$/, '')}`.replace(/[&\\,]/g, '\\$&');
  return `--transform=s,^${from},${to},S`;
}

/** A name in which tar's patterns mean nothing. */
function literal(path: string): string {
  return path.replace(/[*?[\]\\]/g, '\\$&');
}

/**
 * The tar of a backup, to standard output: the trees are not mounted into each other, for their paths belong to the
 * container. Unlike Proxmox VE's it goes into file systems below: only nested subvolumes are there. `first`: trees
 * of ours that are to come before all others.
 */
export function packCommand(
  first: PackedTree & { readonly files: readonly string[] },
  trees: readonly PackedTree[],
  range: IdRange | undefined,
  compression: BackupArchive['compression'],
): readonly string[] {
  const left = trees.filter(({ path }) => path === '/').map(({ tree }) => literal(tree));
  return [
    ...asItsRoot(range),
    ...['tar', 'cpf', '-', '-P', ...PACKING[compression], '--totals', ...ATTRIBUTES],
    ...[first, ...trees].map(renaming),
    ...['--no-anchored', '--exclude=lost+found', '--anchored'],
    ...left.flatMap((tree) => ['tmp/?*', 'var/tmp/?*', 'var/run/?*.pid'].map((name) => `--exclude=${tree}/${name}`)),
    ...first.files.map((file) => `${first.tree}/${file}`),
    ...trees.map(({ tree }) => tree),
  ];
}

/** Mounts sources onto targets, then runs what follows; for a mount namespace of its own. */
const MOUNTING = `set -e
n=$1; shift
while [ "$n" -gt 0 ]; do mount --bind "$1" "$2"; shift 2; n=$((n - 1)); done
exec "$@"`;

/** A command with folders of the host bound onto others; run contained. */
export function withBinds(
  binds: readonly (readonly [source: string, target: string])[],
  argv: readonly string[],
): readonly string[] {
  if (binds.length === 0) return argv;
  return ['sh', '-c', MOUNTING, 'sh', String(binds.length), ...binds.flat(), ...argv];
}

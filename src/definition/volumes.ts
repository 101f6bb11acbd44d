import * as z from 'zod';
import type { VolumeDefinition } from '../model/definition.ts';
import { type Conflict, field } from './field.ts';
import { CONTAINER_PATH, DISK, STORAGE, VOLUME } from './forms.ts';
import { diskHint, gibibytesHint, volumeNameHint } from './hints.ts';
import { flagOf, given, optional, twice, whole, yesNo } from './schemas.ts';

const OPTIONS = ['noatime', 'nodev', 'noexec', 'nosuid', 'discard', 'lazytime'] as const;

const path = {
  schema: z.string().regex(CONTAINER_PATH),
  form: 'a path within the container, such as /srv/data, not below /proc, /sys, /dev or /run',
  default: 'must be there',
  effect: 'restart',
  description: 'Where the container sees it',
} as const;

const parts = {
  disk: {
    schema: z.string().regex(DISK),
    form: 'storage:GiB, such as local-lvm:8',
    hint: diskHint,
    unit: 'GiB',
    default: 'by storage and size',
    effect: 'live',
    description: 'Storage and size in one; it grows live and never shrinks, another storage is a move in one stop',
  },
  storage: {
    schema: z.string().regex(STORAGE),
    form: 'the name of a storage',
    default: 'setting proxmox.storage',
    effect: 'move',
    description: 'Storage, where disk is not written',
  },
  size: {
    schema: whole(1, 999_999),
    form: 'GiB as a whole number from 1',
    hint: gibibytesHint,
    unit: 'GiB',
    default: 'by disk',
    effect: 'live',
    description: 'Size, where disk is not written; it can grow, never shrink',
  },
  backup: {
    schema: yesNo,
    form: 'yes or no',
    default: 'yes',
    effect: 'restart',
    description: 'Whether backups hold it',
  },
  read_only: {
    schema: yesNo,
    form: 'yes or no',
    default: 'no',
    effect: 'restart',
    description: 'The container cannot write to it',
  },
  options: {
    schema: z.array(z.enum(OPTIONS)).meta({ uniqueItems: true }),
    form: `a list of ${OPTIONS.join(', ')}`,
    default: 'none',
    effect: 'restart',
    description: 'Options that it is mounted with',
  },
  acl: {
    schema: yesNo,
    form: 'yes or no',
    default: 'that of the file system',
    effect: 'restart',
    description: 'Access control lists',
  },
  quota: {
    schema: yesNo,
    form: 'yes or no',
    default: 'no',
    effect: 'restart',
    description: 'Quotas of users within the container; needs unprivileged: no',
  },
  replicate: {
    schema: yesNo,
    form: 'yes or no',
    default: 'yes',
    effect: 'restart',
    description: 'Whether storage replication takes it along',
  },
} as const;

const kept = z.strictObject({ path: path.schema, ...optional(parts) });
type Kept = z.infer<typeof kept>;
type WrittenVolumes = Readonly<Record<string, Kept | 'delete'>>;

export const volumes = field({
  yaml: 'volumes',
  schema: z.record(z.string().regex(VOLUME), z.union([kept, z.literal('delete')])),
  convert: volumesOf,
  conflicts,
  shape: {
    kind: 'named',
    parts: { path, ...parts },
    item: '{path, disk} or the word delete',
    name: {
      form: 'a name of at most 32 lower-case letters, digits and hyphens, not a number alone',
      hint: volumeNameHint,
    },
  },
  form: 'names, each with {path, disk} or the word delete, such as data: {path: /srv/data, disk: local-lvm:8}',
  default: 'none',
  effect: 'restart',
  description:
    'Disks that outlive the root file system. Removing a line detaches the volume and keeps it; only the word delete destroys it',
});

export function diskOf(text: string): { readonly storage: string; readonly size: number } {
  const [storage = '', size = ''] = text.split(':');
  return { storage, size: Number(size) };
}

/** A volume is mounted after the one that it lies in: Proxmox VE mounts them in the order of their numbers. */
function volumesOf(written: WrittenVolumes): Readonly<Record<string, VolumeDefinition>> {
  const depth = (volume: VolumeDefinition): number => (volume.kind === 'keep' ? volume.path.split('/').length : 0);
  const entries = Object.entries(written).map(([name, volume]) => [name, volumeOf(volume)] as const);
  return Object.fromEntries(entries.toSorted(([, a], [, b]) => depth(a) - depth(b)));
}

function volumeOf(written: Kept | 'delete'): VolumeDefinition {
  if (written === 'delete') return { kind: 'delete' };
  const { storage, size = 0, options } = written;
  return {
    kind: 'keep',
    path: written.path.replace(/\/$/, ''),
    size,
    ...given({ storage, options }),
    ...(written.disk === undefined ? {} : diskOf(written.disk)),
    ...given({
      backup: flagOf(written.backup),
      readOnly: flagOf(written.read_only),
      acl: flagOf(written.acl),
      quota: flagOf(written.quota),
      replicate: flagOf(written.replicate),
    }),
  };
}

function conflicts(written: WrittenVolumes): readonly Conflict[] {
  const entries = Object.entries(written);
  const pathOf = (index: number): string[] => [entries[index]?.[0] ?? '', 'path'];
  const paths = twice(
    entries,
    ([, volume]) => (volume === 'delete' ? undefined : volume.path.replace(/\/$/, '')),
    pathOf,
  );
  return [...paths, ...entries.flatMap(([name, volume]) => (volume === 'delete' ? [] : ownConflicts(name, volume)))];
}

function ownConflicts(name: string, { disk, storage, size, options }: Kept): Conflict[] {
  const found: Conflict[] = [];
  const fix = 'write disk: storage:GiB, or storage and size';
  const add = (key: string | undefined, message: string, mend: string): void => {
    found.push({ kind: 'conflict', path: key === undefined ? [name] : [name, key], message, fix: mend });
  };
  if (disk !== undefined && storage !== undefined) add('storage', 'stands beside disk', 'keep one of them');
  if (disk !== undefined && size !== undefined) add('size', 'stands beside disk', 'keep one of them');
  if (disk === undefined && size === undefined) add(undefined, 'has no size', fix);
  return [...found, ...twice(options ?? [], String, (at) => [name, 'options', at])];
}

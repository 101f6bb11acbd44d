import type { KeyToWrite } from '../definition/write.ts';
import { GIB, parseProperties, parseSize, volumeOf } from '../model/property-string.ts';
import type { Config, Note, Part } from './part.ts';

/** Options of a root disk that a definition has no keys for; a plan leaves them as they are. */
const KEPT = ['mountoptions', 'acl', 'quota', 'replicate', 'ro', 'shared'];

/** Processor, memory and root disk. Proxmox VE's defaults for what the config does not say: 512 MiB each. */
export function resourcesOf(config: Config): Part {
  const number = (key: string, from: string): KeyToWrite[] => {
    const text = config[from];
    return text === undefined || !Number.isFinite(Number(text)) ? [] : [{ key, value: Number(text) }];
  };
  const disk = rootDisk(config.rootfs ?? '');
  return {
    keys: [
      ...number('cores', 'cores'),
      ...(Number(config.cpulimit ?? 0) === 0 ? [] : number('cpu_limit', 'cpulimit')),
      ...number('cpu_units', 'cpuunits'),
      { key: 'memory', value: Number(config.memory ?? 512) },
      { key: 'swap', value: Number(config.swap ?? 512) },
      ...disk.keys,
    ],
    notes: disk.notes,
  };
}

function rootDisk(rootfs: string): Part {
  const properties = parseProperties(rootfs);
  const { storage, size, comment } = sizeOf(rootfs);
  const kept = KEPT.filter((name) => properties.has(name)).map((name) => `${name}=${properties.get(name)}`);
  const note: Note = { key: 'rootfs', text: `options of the root disk stay as they are: ${kept.join(', ')}` };
  return {
    keys: [{ key: 'disk', value: `${storage}:${size}`, comment }],
    notes: kept.length === 0 ? [] : [note],
  };
}

/** What a new volume gets where the present one has no limit. */
const UNLIMITED = 8;

/** Storage and size in whole GiB of a rootfs or mpN that stands on a storage, with what is to be said about the size. */
export function sizeOf(value: string): {
  readonly storage: string;
  readonly size: number;
  readonly comment: readonly string[];
} {
  const storage = volumeOf(value).split(':')[0] ?? '';
  const text = parseProperties(value).get('size');
  const bytes = parseSize(text) ?? 0;
  if (bytes === 0) {
    return { storage, size: UNLIMITED, comment: ['It has no limit on the server; the size is that of a new one.'] };
  }
  const size = Math.ceil(bytes / GIB);
  const whole = size * GIB === bytes;
  return { storage, size, comment: whole ? [] : [`${text} on the server: sizes are whole GiB here.`] };
}

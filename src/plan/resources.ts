import type { Startup } from '../model/definition.ts';
import { GIB, parseProperties, parseSize, volumeOf } from '../model/property-string.ts';
import { storageOfVolume } from '../model/volid.ts';
import { change, type Edit, type FieldContext, scalar } from './edit.ts';

/** The server stores numbers as they were sent: `1.5`, `2.0`, `2`. */
const asNumber = (text: string): string => String(Number(text));

export function cores({ desired, config }: FieldContext): Edit[] {
  return scalar(config, { field: 'cores', key: 'cores', wanted: desired.cores, fallback: 'all' });
}

/** Proxmox VE says nothing where there is no limit: 0 is never stored. */
export function cpuLimit({ desired, config }: FieldContext): Edit[] {
  const { cpuLimit: wanted } = desired;
  if (wanted === undefined) return [];
  const row = { field: 'cpu limit', key: 'cpulimit', fallback: '0', normal: asNumber } as const;
  return scalar(config, { ...row, wanted: wanted === 0 && config.cpulimit === undefined ? undefined : wanted });
}

export function cpuUnits({ desired, config }: FieldContext): Edit[] {
  return scalar(config, { field: 'cpu units', key: 'cpuunits', wanted: desired.cpuUnits, normal: asNumber });
}

/** Proxmox VE gives both 512 MiB where the config does not say. */
export function memory({ desired, config }: FieldContext): Edit[] {
  return [
    ...scalar(config, { field: 'memory', key: 'memory', wanted: desired.memory, fallback: '512' }),
    ...scalar(config, { field: 'swap', key: 'swap', wanted: desired.swap, fallback: '512' }),
  ];
}

export function privileges({ desired, config }: FieldContext): Edit[] {
  const unprivileged = config.unprivileged === '1';
  if (unprivileged === desired.unprivileged) return [];
  const name = (value: boolean): string => (value ? 'unprivileged' : 'privileged');
  const more = { disruption: 'replace', note: 'Proxmox VE sets it at create only' } as const;
  return [{ change: change('privileges', name(unprivileged), name(desired.unprivileged), more) }];
}

/** What a move to another storage is. */
export const COPIED = 'copied while it is stopped';

/** A disk of this size in bytes, which is to have so many GiB; undefined: without a limit. */
export function sizeOfMove(bytes: number | undefined, wanted: number): number | undefined {
  return bytes === undefined || bytes === 0 ? undefined : Math.max(bytes, wanted * GIB);
}

export function rootfs({ desired, config, state }: FieldContext): Edit[] {
  const text = config.rootfs ?? '';
  const volid = volumeOf(text);
  const storage = storageOfVolume(volid);
  const bytes = parseSize(parseProperties(text).get('size')) ?? 0;
  const edits: Edit[] = [];
  if (storage !== desired.rootfs.storage) {
    const more = { disruption: state.running ? 'restart' : 'none', note: COPIED } as const;
    const size = sizeOfMove(bytes, desired.rootfs.size);
    const move = { disk: 'rootfs', volid, storage: desired.rootfs.storage, attached: true };
    edits.push({
      change: change('disk storage', storage, desired.rootfs.storage, more),
      move: { ...move, ...(size === undefined ? {} : { size }) },
    });
  }
  const wanted = desired.rootfs.size * GIB;
  // size=0 is a directory without a limit: nothing to grow, nothing to shrink.
  if (bytes === 0 || wholeGibibytes(bytes) === desired.rootfs.size) return edits;
  const [from, to] = [gibibytes(bytes), gibibytes(wanted)];
  if (bytes < wanted) {
    const resize = { disk: 'rootfs', size: desired.rootfs.size, attached: true };
    edits.push({ change: change('disk size', from, to), resize });
  } else {
    const more = { disruption: 'replace', note: 'Proxmox VE cannot shrink a disk' } as const;
    edits.push({ change: change('disk size', from, to, more) });
  }
  return edits;
}

/** Git says whole GiB: a disk that ends within the last of them has that size, and is not grown for the rest. */
export function wholeGibibytes(bytes: number): number {
  return Math.ceil(bytes / GIB);
}

/** `8 GiB`, `0.7 GiB` */
export function gibibytes(bytes: number): string {
  return `${Number((bytes / GIB).toFixed(2))} GiB`;
}

export function onboot({ desired, config }: FieldContext): Edit[] {
  return scalar(config, { field: 'start at boot', key: 'onboot', wanted: desired.onboot ? 1 : 0, fallback: '0' });
}

export function startup({ desired, config }: FieldContext): Edit[] {
  if (desired.startup === undefined) return [];
  const wanted = startupText(desired.startup);
  return scalar(config, { field: 'startup', key: 'startup', wanted, normal: normalStartup });
}

const PARTS = ['order', 'up', 'down'] as const;

export function startupText(startup: Startup): string {
  return PARTS.flatMap((part) => (startup[part] === undefined ? [] : [`${part}=${startup[part]}`])).join(',');
}

/** The order may stand alone: `1,up=30`. */
function normalStartup(text: string): string {
  const properties = parseProperties(text);
  const values = PARTS.flatMap((part) => {
    const value = properties.get(part) ?? (part === 'order' ? properties.get('') : undefined);
    return value === undefined ? [] : [`${part}=${Number(value)}`];
  });
  return values.join(',');
}

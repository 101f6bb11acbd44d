import { ApiError } from '../http/answer.ts';
import { parsePropertyString, printPropertyString } from '../schema/property-string.ts';
import type { Properties } from '../schema/types.ts';

/** A rootfs or mpN value in its parts; `mp` is absent for rootfs. */
export interface MountValue {
  readonly key: string;
  readonly type: 'volume' | 'bind' | 'device';
  readonly volume: string;
  readonly mp?: string;
  readonly options: Readonly<Record<string, string>>;
}

/** `storage:SIZE`: a volume that is to be made, size in GiB. */
const NEW_DISK = /^([^:\s]+):(\d+(?:\.\d+)?)$/;

export function isMountKey(key: string): boolean {
  return key === 'rootfs' || /^mp\d+$/.test(key);
}

export function isVolumeKey(key: string): boolean {
  return isMountKey(key) || /^unused\d+$/.test(key);
}

/** The storage and size of a volume that is asked for; undefined: the value names an existing one. */
export function newDisk(volume: string): { readonly storage: string; readonly gib: number } | undefined {
  const [, storage, size] = NEW_DISK.exec(volume) ?? [];
  return storage === undefined ? undefined : { storage, gib: Number(size) };
}

/** Reads and prints mount points by the schema's formats. */
export class MountPoints {
  readonly #rootfs: Properties;
  readonly #mount: Properties;

  constructor(parameters: Properties) {
    this.#rootfs = formatOf(parameters, 'rootfs');
    this.#mount = formatOf(parameters, 'mp0');
  }

  /** Throws `format error` with its keys for a value that is missing or wrong (row 564). */
  parse(key: string, text: string | undefined): MountValue {
    const unused = key.startsWith('unused');
    const format = key === 'rootfs' || unused ? this.#rootfs : this.#mount;
    const values = parsePropertyString(format, text ?? '');
    const { volume = '', mp, ...options } = values;
    const type = volume.startsWith('/dev/') ? 'device' : volume.startsWith('/') ? 'bind' : 'volume';
    return { key, type, volume, ...(mp === undefined ? {} : { mp }), options };
  }

  print(value: MountValue): string {
    const format = value.key === 'rootfs' ? this.#rootfs : this.#mount;
    return printPropertyString(format, { volume: value.volume, mp: value.mp, ...value.options });
  }
}

export function formatOf(parameters: Properties, name: string): Properties {
  const format = parameters[name]?.format;
  if (typeof format !== 'object') throw new ApiError(500, `no format for '${name}'`);
  return format;
}

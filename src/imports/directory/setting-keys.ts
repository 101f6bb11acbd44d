import { type KeyToWrite, type PlainValue, yesOrNo } from '../../definition/write.ts';
import { parseProperties } from '../../model/property-string.ts';
import type { Given, SettingName } from './known-settings.ts';

/** A value that a key of container.yml holds; undefined: what is written is no such value. */
export type Converted = { readonly key: string; readonly value: PlainValue; readonly note?: string } | undefined;

type Convert = (text: string) => Converted;

const number =
  (key: string): Convert =>
  (text) =>
    /^\d+$/.test(text) ? { key, value: Number(text) } : undefined;
const words = (text: string): readonly string[] => text.split(/[\s,;]+/).filter((word) => word !== '');
const one = (list: readonly string[]): PlainValue => (list.length === 1 ? (list[0] ?? '') : list);
const isYes = (text: string): boolean => /^(?:1|y|yes|on|true)$/i.test(text);

/** Settings that stand for one key each; the others are put together from several (network, disk, template). */
export const CONVERT: Readonly<Partial<Record<SettingName, Convert>>> = {
  vmid: number('vmid'),
  hostname: (text) => ({ key: 'hostname', value: text }),
  cores: number('cores'),
  memory: mebibytes('memory'),
  swap: mebibytes('swap'),
  nameserver: (text) => ({ key: 'nameserver', value: one(words(text)) }),
  searchdomain: (text) => ({ key: 'searchdomain', value: words(text).join(' ') }),
  unprivileged: (text) => ({ key: 'unprivileged', value: yesOrNo(isYes(text)) }),
  boot: (text) => ({ key: 'boot', value: yesOrNo(isYes(text)) }),
  tags: (text) => ({ key: 'tags', value: one([...new Set(words(text.toLowerCase()))]) }),
  description: (text) => ({ key: 'description', value: text }),
  features: featuresOf,
};

/** `512`, `512M`, `2G` */
function mebibytes(key: string): Convert {
  return (text) => {
    const match = /^(\d+)\s*([MG]?)(?:i?B)?$/i.exec(text);
    const unit = match?.[2]?.toUpperCase() === 'G' ? 1024 : 1;
    return match === null ? undefined : { key, value: Number(match[1]) * unit };
  };
}

const SWITCHES = ['nesting', 'keyctl', 'fuse', 'mknod'];

/** `nesting=1,keyctl=1`; nesting alone is the default. */
function featuresOf(text: string): Converted {
  const properties = [...parseProperties(text)].filter(([name]) => name !== '');
  if (properties.some(([name]) => !SWITCHES.includes(name) && name !== 'mount')) return undefined;
  const value = Object.fromEntries(
    properties.map(([name, set]): [string, PlainValue] =>
      name === 'mount' ? [name, set.split(';')] : [name, yesOrNo(set === '1')],
    ),
  );
  const others = Object.entries(value).some(([name, set]) => name !== 'nesting' && set !== 'no');
  if (!others) return { key: 'nesting', value: value.nesting ?? 'no' };
  return { key: 'features', value, note: 'features other than nesting need root@pam at Proxmox VE' };
}

/** `DISK` in GiB, which may be a fraction, on the storage that is given or the site's. */
export function diskKey(
  size: string,
  storage: string,
): { readonly key: KeyToWrite; readonly note?: string } | undefined {
  const match = /^(?:([A-Za-z][\w.-]*):)?(\d+(?:\.\d+)?)\s*(?:G(?:i?B)?)?$/i.exec(size);
  if (match === null) return undefined;
  const whole = Math.max(1, Math.ceil(Number(match[2])));
  const note = Number(match[2]) === whole ? {} : { note: `${size} GiB became ${whole}: sizes are whole GiB` };
  return { key: { key: 'disk', value: `${match[1] ?? storage}:${whole}` }, ...note };
}

/** `OSTYPE` and `OSVERSION` of Debian: `debian-12`. Of others no definition takes the mere name. */
export function templateKey(os: string, release: string | undefined): KeyToWrite | undefined {
  if (os.toLowerCase() !== 'debian') return undefined;
  const version = /^\d+/.exec(release ?? '')?.[0];
  return { key: 'template', value: version === undefined ? 'debian' : `debian-${version}` };
}

/** For a message: what is private is not shown. */
export function shownValue({ value, hidden }: Given): string {
  return hidden ? 'its value' : JSON.stringify(value);
}

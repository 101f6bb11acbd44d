import type { Device, Mount } from '../model/desired.ts';
import { GitopsError } from '../model/errors.ts';
import { formatProperties, type Properties, parseProperties } from '../model/property-string.ts';
import { change, type Edit, type FieldContext } from './edit.ts';
import type { FreeKeys } from './keys.ts';

/** Where the site's share is mounted in a container. */
export const SHARE_PATH = '/share';

/** A directory of the node as mpN says it. */
export interface Bind {
  readonly host: string;
  readonly path: string;
  readonly readOnly: boolean;
}

/** `share`: what the setting says. Throws kind user when a definition wants it and the site has none. */
export function bindsOf(mounts: readonly Mount[], share: string | undefined): Bind[] {
  return mounts.map((mount) => {
    const { readOnly = false } = mount;
    if (mount.kind === 'bind') return { host: mount.host, path: mount.path, readOnly };
    if (share === undefined) {
      throw new GitopsError('user', 'Unable to mount the share: this site has none', {
        advice: ['set the setting share to a directory of the node', 'or take the mount out of the definition'],
      });
    }
    return { host: share, path: SHARE_PATH, readOnly };
  });
}

/** What a directory of the node costs, said where one is added. */
export const BIND_NOTE =
  'a directory of the node: no backup holds it, the container cannot move to another node with it, and an unprivileged one sees files of the node’s own users as nobody’s';

export function bindValue({ host, path, readOnly }: Bind): string {
  return formatProperties(new Map([['', host], ['mp', path], ...(readOnly ? [['ro', '1'] as const] : [])]));
}

export function describeBind({ host, readOnly }: Bind): string {
  return readOnly ? `${host}, read-only` : host;
}

/** A mpN or devN as it is. `volume`: storage of Proxmox VE's, else a directory or device of the node. */
export interface ObservedMount {
  readonly key: string;
  readonly path: string;
  readonly source: string;
  readonly volume: boolean;
}

export function observedMounts(config: Readonly<Record<string, string>>): ObservedMount[] {
  return Object.entries(config).flatMap(([key, value]): ObservedMount[] => {
    if (!/^(mp|dev)\d+$/.test(key)) return [];
    const properties = parseProperties(value);
    const source = properties.get('') ?? properties.get('volume') ?? properties.get('path') ?? '';
    const path = key.startsWith('dev') ? source : mountPath(properties.get('mp') ?? '');
    return [{ key, source, path, volume: key.startsWith('mp') && !source.startsWith('/') }];
  });
}

/** Proxmox VE takes `srv/data` for `/srv/data`. */
export function mountPath(written: string): string {
  return `/${written.replaceAll(/^\/+|\/+$/g, '')}`;
}

interface ObservedBind {
  readonly key: string;
  readonly bind: Bind;
  readonly properties: Properties;
}

function observedBinds(config: Readonly<Record<string, string>>): ObservedBind[] {
  return observedMounts(config).flatMap(({ key, path, source, volume }): ObservedBind[] => {
    // A block device that somebody mounted is nothing that a definition can say: it stays.
    if (volume || !key.startsWith('mp') || source.startsWith('/dev/')) return [];
    const properties = parseProperties(config[key] ?? '');
    return [{ key, properties, bind: { host: source, path, readOnly: properties.get('ro') === '1' } }];
  });
}

/** Directories of the node. A new one is taken live; a change and a removal wait for a restart. */
export function binds({ desired, config, share }: FieldContext, free: FreeKeys): Edit[] {
  const wanted = bindsOf(desired.mounts, share);
  const observed = observedBinds(config);
  const edits = wanted.flatMap((bind): Edit[] => {
    const there = observed.find((entry) => entry.bind.path === bind.path);
    const reserved = `mount ${bind.path}`;
    if (there === undefined) {
      const added = change(`mount ${bind.path}`, undefined, describeBind(bind), { note: BIND_NOTE });
      return [{ change: added, set: { [free('mp')]: bindValue(bind) }, reserved }];
    }
    if (there.bind.host === bind.host && there.bind.readOnly === bind.readOnly) return [];
    const next = new Map(there.properties);
    for (const key of ['volume', 'ro']) next.delete(key);
    const value = formatProperties(new Map([['', bind.host], ...next, ...parseProperties(bindValue(bind))]));
    const more = { disruption: 'restart' } as const;
    const changed = change(`mount ${bind.path}`, describeBind(there.bind), describeBind(bind), more);
    return [{ change: changed, set: { [there.key]: value }, reserved }];
  });
  const gone = observed.filter(({ bind }) => !wanted.some(({ path }) => path === bind.path));
  return [
    ...edits,
    ...gone.map(({ key, bind }): Edit => {
      const removed = change(`mount ${bind.path}`, describeBind(bind), undefined, { disruption: 'restart' });
      return { change: removed, remove: [key] };
    }),
  ];
}

export function deviceValue({ path, mode, uid, gid, denyWrite }: Device): string {
  const properties = new Map([['', path]]);
  if (mode !== undefined) properties.set('mode', mode);
  if (uid !== undefined) properties.set('uid', String(uid));
  if (gid !== undefined) properties.set('gid', String(gid));
  if (denyWrite === true) properties.set('deny-write', '1');
  return formatProperties(properties);
}

const DEVICE_DEFAULTS: Readonly<Record<string, string>> = { mode: '0660', uid: '0', gid: '0', 'deny-write': '0' };

function devicePath(properties: Properties): string {
  return properties.get('') ?? properties.get('path') ?? '';
}

/** For people: `/dev/ttyUSB0, mode 0660`. */
export function describeDevice(value: string): string {
  const properties = parseProperties(value);
  const said = Object.keys(DEVICE_DEFAULTS).flatMap((key) => {
    const text = properties.get(key);
    if (text === undefined) return [];
    return key !== 'deny-write' ? [`${key} ${text}`] : text === '1' ? ['read-only'] : [];
  });
  return [devicePath(properties), ...said].join(', ');
}

function sameDevice(a: Properties, b: Properties): boolean {
  return Object.entries(DEVICE_DEFAULTS).every(
    ([key, fallback]) => (a.get(key) ?? fallback) === (b.get(key) ?? fallback),
  );
}

/** Devices of the node. Since version 9 a new one is taken live: a restart that is planned for it falls away then. */
export function devices({ desired, config }: FieldContext, free: FreeKeys): Edit[] {
  const observed = Object.entries(config).flatMap(([key, value]) => {
    const properties = parseProperties(value);
    return /^dev\d+$/.test(key) ? [{ key, value, properties, path: devicePath(properties) }] : [];
  });
  const edits = desired.devices.flatMap((device): Edit[] => {
    const value = deviceValue(device);
    const there = observed.find(({ path }) => path === device.path);
    if (there !== undefined && sameDevice(there.properties, parseProperties(value))) return [];
    const from = there === undefined ? undefined : describeDevice(there.value);
    const changed = change(`device ${device.path}`, from, describeDevice(value), { disruption: 'restart' });
    return [{ change: changed, set: { [there?.key ?? free('dev')]: value }, reserved: `device ${device.path}` }];
  });
  const gone = observed.filter(({ path }) => !desired.devices.some((device) => device.path === path));
  return [
    ...edits,
    ...gone.map(({ key, value, path }): Edit => {
      const removed = change(`device ${path}`, describeDevice(value), undefined, { disruption: 'restart' });
      return { change: removed, remove: [key], reserved: `device ${path}` };
    }),
  ];
}

import { type KeyToWrite, type PlainValue, yesOrNo } from '../definition/write.ts';
import type { Mark } from '../model/mark.ts';
import { parseProperties, volumeOf } from '../model/property-string.ts';
import { vmidOfVolume } from '../model/volid.ts';
import { type Config, flagOf, type Note, numbered, type Part, present } from './part.ts';
import { sizeOf } from './resources.ts';
import { volumeNames } from './volume-names.ts';

export interface StorageFacts {
  readonly vmid: number;
  /** Host path behind `share`. */
  readonly share?: string;
  /** Names that an owner mark gives volumes already: NAME → volid. */
  readonly names?: Mark['volumes'];
}

/** Where the site's share is mounted in a container. */
const SHARE_PATH = '/share';

const ofVolumes = new Set(['', 'volume', 'mp', 'size', 'backup', 'ro', 'mountoptions', 'acl', 'quota', 'replicate']);
const ofMounts = new Set(['', 'volume', 'mp', 'ro']);
const ofDevices = new Set(['', 'path', 'mode', 'uid', 'gid', 'deny-write']);

/** Everything beside the root disk that is mounted or passed through: volumes of storages, directories, devices. */
export function storageOf(config: Config, facts: StorageFacts): Part {
  const points = numbered(config, 'mp').map((key) => ({ key, value: config[key] ?? '' }));
  const source = ({ value }: { readonly value: string }): string => volumeOf(value);
  const stored = points.filter((point) => !source(point).startsWith('/'));
  const volumes = stored.filter((point) => (vmidOfVolume(source(point)) ?? facts.vmid) === facts.vmid);
  const foreign = stored.filter((point) => !volumes.includes(point));
  const devices = points.filter((point) => source(point).startsWith('/dev/'));
  const binds = points.filter((point) => source(point).startsWith('/') && !devices.includes(point));
  const passed = numbered(config, 'dev').map((key) => ({ key, value: config[key] ?? '' }));
  const mounts = binds.map(({ value }) => bindOf(value, facts.share));
  return {
    keys: [
      ...volumesOf(volumes, facts.names ?? {}),
      ...(mounts.length === 0 ? [] : [{ key: 'mount', value: mounts.length === 1 ? (mounts[0] ?? '') : mounts }]),
      ...(passed.length === 0 ? [] : [{ key: 'devices', value: passed.map(({ value }) => deviceOf(value)) }]),
    ],
    notes: [
      ...foreign.map(({ key, value }) => ({ key, text: `${value}: a volume of another container; it stays` })),
      ...devices.map(({ key, value }) => ({ key, text: `no key mounts a block device: ${value}` })),
      ...unknown(volumes, ofVolumes),
      ...unknown(binds, ofMounts),
      ...unknown(passed, ofDevices),
    ],
  };
}

interface Point {
  readonly key: string;
  readonly value: string;
}

function unknown(points: readonly Point[], known: ReadonlySet<string>): Note[] {
  return points.flatMap(({ key, value }): Note[] => {
    const left = [...parseProperties(value)].filter(([name]) => !known.has(name));
    const text = `no key says ${left.map((entry) => entry.join('=')).join(', ')}: it stays as it is`;
    return left.length === 0 ? [] : [{ key, text }];
  });
}

/** Proxmox VE makes a relative path absolute when it mounts. */
const absolute = (path: string): string => `/${path.replaceAll(/^\/+|\/+$/g, '')}`;

function volumesOf(points: readonly Point[], names: Readonly<Record<string, string>>): KeyToWrite[] {
  if (points.length === 0) return [];
  const path = ({ value }: Point): string => absolute(parseProperties(value).get('mp') ?? '');
  const named = (point: Point): string | undefined =>
    Object.entries(names).find(([, volid]) => volid === volumeOf(point.value))?.[0];
  const unnamed = points.filter((point) => named(point) === undefined);
  const made = volumeNames(unnamed.map(path), Object.keys(names));
  const comment: string[] = [];
  const value = Object.fromEntries(
    points.map((point) => {
      const name = named(point) ?? made[unnamed.indexOf(point)] ?? '';
      const { storage, size, comment: ofSize } = sizeOf(point.value);
      comment.push(...ofSize.map((line) => `${name}: ${line}`));
      return [name, { path: path(point), disk: `${storage}:${size}`, ...volumeOptions(point.value) }];
    }),
  );
  return [{ key: 'volumes', value, comment }];
}

/** `backup` has another default here than at the server, where a volume is in no backup unless that is said. */
function volumeOptions(value: string): Record<string, PlainValue> {
  const properties = parseProperties(value);
  const flag = (name: string): PlainValue | undefined => {
    const set = flagOf(properties.get(name));
    return set === undefined ? undefined : yesOrNo(set);
  };
  const options = (properties.get('mountoptions') ?? '').split(';').filter((option) => option !== '');
  return present<PlainValue>({
    backup: flagOf(properties.get('backup')) === true ? undefined : 'no',
    read_only: flagOf(properties.get('ro')) === true ? 'yes' : undefined,
    options: options.length === 0 ? undefined : options,
    acl: flag('acl'),
    quota: flag('quota'),
    replicate: flag('replicate'),
  });
}

function bindOf(value: string, share: string | undefined): PlainValue {
  const properties = parseProperties(value);
  const host = volumeOf(value);
  const path = absolute(properties.get('mp') ?? '');
  const readOnly = flagOf(properties.get('ro')) === true;
  if (host === share && path === SHARE_PATH && !readOnly) return 'share';
  return readOnly ? { host, path, read_only: 'yes' } : `${host}:${path}`;
}

function deviceOf(value: string): PlainValue {
  const properties = parseProperties(value);
  const path = properties.get('') ?? properties.get('path') ?? '';
  const number = (name: string): number | undefined => {
    const text = properties.get(name);
    return text === undefined ? undefined : Number(text);
  };
  const options = present<PlainValue>({
    mode: properties.get('mode'),
    uid: number('uid'),
    gid: number('gid'),
    deny_write: flagOf(properties.get('deny-write')) === true ? 'yes' : undefined,
  });
  return Object.keys(options).length === 0 ? path : { path, ...options };
}

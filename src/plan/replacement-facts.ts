import type { Mark } from '../model/mark.ts';
import type { ContainerState } from '../model/observed.ts';
import type { LiveRecord, OldMark } from '../model/promotion.ts';
import { GIB, parseProperties, parseSize, volumeOf } from '../model/property-string.ts';
import type { ReplacementFacts, Seen } from '../model/replacement.ts';
import type { StoredVolume } from '../model/resources.ts';
import { storageOfVolume, vmidOfVolume } from '../model/volid.ts';

/** mpN and unusedN that hold a volume of a storage. */
export function volumeSlots(config: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return entries(config, /^(mp|unused)\d+$/, (value) => !volumeOf(value).startsWith('/'));
}

function entries(
  config: Readonly<Record<string, string>>,
  keys: RegExp,
  wanted: (value: string) => boolean = () => true,
): Readonly<Record<string, string>> {
  const found = Object.entries(config).filter(([key, value]) => keys.test(key) && wanted(value));
  return Object.fromEntries(found.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** What must be known of a live container before anything of it is moved; what an earlier run has noted stays. */
export function recordOf({ state, mark }: Seen, before: LiveRecord | undefined): LiveRecord {
  const { config } = state;
  const slots = { ...before?.slots, ...volumeSlots(config) };
  const named = Object.entries(slots).flatMap(([key, value]) => {
    const name = Object.entries(mark.volumes ?? {}).find(([, volid]) => volid === volumeOf(value))?.[0];
    return name === undefined ? [] : [[key, name] as const];
  });
  const rootVolume = volumeOf(config.rootfs ?? '');
  const root = parseProperties(config.rootfs ?? '');
  const gib = (parseSize(root.get('size')) ?? 0) / GIB;
  return {
    slots,
    names: { ...before?.names, ...Object.fromEntries(named) },
    nets: entries(config, /^net\d+$/),
    host: {
      ...entries(config, /^mp\d+$/, (value) => volumeOf(value).startsWith('/')),
      ...entries(config, /^dev\d+$/),
    },
    root: `${storageOfVolume(rootVolume)}:${gib}`,
    rootVolume,
    unprivileged: config.unprivileged === '1',
    ...(config.features === undefined ? {} : { features: config.features }),
    protection: before?.protection === true || config.protection === '1',
    mark: before?.mark ?? oldMark(mark),
  };
}

function oldMark(mark: Mark): OldMark {
  const { site: _s, owner: _o, name: _n, stage: _t, vmid: _v, role: _r, volumes: _u, ...rest } = mark;
  const { lease: _l, phase: _p, promotion: _m, ...old } = rest;
  return old;
}

/** Whether nothing of what a live container has would be missing from the record. */
export function isRecorded(live: Seen, record: LiveRecord | undefined): record is LiveRecord {
  return record !== undefined && JSON.stringify(recordOf(live, record)) === JSON.stringify(record);
}

/** What a config call puts back after a restore: the node's own mounts, and volumes mounted as they were. */
export function formerMounts({ state }: Seen, record: LiveRecord): Readonly<Record<string, string>> {
  const host = Object.entries(record.host).filter(([key]) => state.config[key] === undefined);
  const volumes = Object.entries(record.slots).flatMap(([key, value]) => {
    const now = state.config[key];
    if (now === undefined || !key.startsWith('mp') || mountOptions(now) === mountOptions(value)) return [];
    const size = parseProperties(now).get('size');
    const text = `${volumeOf(now)},${mountOptions(value)}${size === undefined ? '' : `,size=${size}`}`;
    return [[key, text] as const];
  });
  return Object.fromEntries([...host, ...volumes]);
}

/** Everything but the volume and its size, in one order. */
function mountOptions(value: string): string {
  const options = [...parseProperties(value)].filter(([key]) => !['', 'volume', 'size'].includes(key));
  return options
    .map(([key, text]) => `${key}=${text}`)
    .toSorted()
    .join(',');
}

/** Name → volid of a container that has its volumes back. */
export function namedVolumes(state: ContainerState, record: LiveRecord): Readonly<Record<string, string>> {
  const named = Object.entries(record.names).flatMap(([key, name]) => {
    const volid = volumeOf(state.config[key] ?? '');
    return volid === '' ? [] : [[name, volid] as const];
  });
  return Object.fromEntries(named);
}

/** Its root file system is gone from a storage that was looked at: a restore over it was cut off. */
export function isRootless({ state }: Seen, stored: readonly StoredVolume[] | undefined): boolean {
  if (stored === undefined) return false;
  const root = volumeOf(state.config.rootfs ?? '');
  return root === '' || !stored.some(({ volid }) => volid === root);
}

/** The volume of the old root file system, when it is still there and no config names it. */
export function orphanedRoot(facts: ReplacementFacts, { rootVolume }: LiveRecord): string | undefined {
  const both = [facts.live, facts.candidate].flatMap((seen) => (seen === undefined ? [] : [seen.state]));
  const named = both.flatMap(({ config, pending }) => [...Object.values(config), ...Object.values(pending)]);
  if (rootVolume === undefined || named.some((value) => value !== null && volumeOf(value) === rootVolume))
    return undefined;
  return facts.stored?.some(({ volid }) => volid === rootVolume) === true ? rootVolume : undefined;
}

/** Of a volume that no config names, by its own name. */
export function ownerOf(volume: StoredVolume): number {
  return vmidOfVolume(volume.volid) ?? volume.vmid;
}

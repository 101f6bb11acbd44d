import type { Desired, Volume } from '../model/desired.ts';
import type { Mark } from '../model/mark.ts';
import type { ContainerState } from '../model/observed.ts';
import { GIB, type Properties, parseProperties, parseSize, volumeOf } from '../model/property-string.ts';
import { storageOfVolume, vmidOfVolume } from '../model/volid.ts';
import { effectiveConfig } from './edit.ts';
import { mountPath } from './mounts.ts';

/** A volume of a container, wherever its config names it. */
export interface FoundVolume {
  readonly volid: string;
  /** By the owner mark, else by the path of a volume in git; undefined: made by hand. */
  readonly name?: string;
  /**
   * - attached: mpN, also after the next restart
   * - leaving: mpN until the next restart, then unusedN
   * - unused: unusedN
   * - lost: in the owner mark, in no config
   */
  readonly place: 'attached' | 'leaving' | 'unused' | 'lost';
  /** mpN or unusedN; absent when lost. */
  readonly key?: string;
  readonly properties: Properties;
  /** bytes; undefined: not known */
  readonly size?: number;
}

interface Slot {
  readonly key: string;
  readonly volid: string;
  readonly properties: Properties;
}

function mountSlots(config: Readonly<Record<string, string>>): Slot[] {
  return Object.entries(config).flatMap(([key, value]): Slot[] => {
    if (!/^mp\d+$/.test(key)) return [];
    const properties = parseProperties(value);
    const volid = properties.get('') ?? properties.get('volume') ?? '';
    return volid.startsWith('/') || volid === '' ? [] : [{ key, volid, properties }];
  });
}

/** Volumes of this container; one of another's that somebody put in is left alone. `sizes`: volid → bytes. */
export function volumesOf(
  state: ContainerState,
  mark: Mark,
  desired: Desired,
  sizes: ReadonlyMap<string, number> = new Map(),
): FoundVolume[] {
  const isOwn = ({ volid }: { readonly volid: string }): boolean => (vmidOfVolume(volid) ?? state.vmid) === state.vmid;
  const active = mountSlots(state.config).filter(isOwn);
  const attached = mountSlots(effectiveConfig(state)).filter(isOwn);
  const named = (slots: readonly { readonly volid: string }[], volid: string): boolean =>
    slots.some((slot) => slot.volid === volid);
  const leaving = active.filter(({ volid }) => !named(attached, volid));
  const unused = Object.entries(state.config)
    .filter(([key]) => /^unused\d+$/.test(key))
    .map(([key, value]): Slot => {
      const properties = parseProperties(value);
      return { key, volid: properties.get('') ?? properties.get('volume') ?? '', properties: new Map() };
    })
    .filter((slot) => isOwn(slot) && !named(attached, slot.volid) && !named(leaving, slot.volid));
  const sizeOf = ({ volid, properties }: Slot): number | undefined => {
    const now = active.find((slot) => slot.volid === volid)?.properties ?? properties;
    // 0 is a directory without a limit.
    return parseSize(now.get('size')) ?? sizes.get(volid);
  };
  const found =
    (place: FoundVolume['place']) =>
    (slot: Slot): FoundVolume => {
      const size = sizeOf(slot);
      // A value that waits for the restart was written before the disk grew.
      const now = active.find(({ volid }) => volid === slot.volid)?.properties.get('size');
      const properties = now === undefined ? slot.properties : new Map([...slot.properties, ['size', now]]);
      return { ...slot, place, properties, ...(size === undefined ? {} : { size }) };
    };
  const all = [...attached.map(found('attached')), ...leaving.map(found('leaving')), ...unused.map(found('unused'))];
  const book = bookOf(all, mark, desired, movedVolumes(state, mark));
  const lost = Object.values(book)
    .filter((volid) => !named(all, volid) && isOwn({ volid }))
    .map((volid): FoundVolume => found('lost')({ key: '', volid, properties: new Map() }));
  const nameOf = new Map(Object.entries(book).map(([name, volid]) => [volid, name]));
  return [...all, ...lost].map((volume) => {
    const { key, ...rest } = volume;
    const name = nameOf.get(volume.volid);
    return { ...rest, ...(key === '' || key === undefined ? {} : { key }), ...(name === undefined ? {} : { name }) };
  });
}

/**
 * Which volume has which name: what the mark says, and a volume at the path of one in git that the mark does not know
 * (after a create or a new line). A line that only got another name keeps its volume.
 */
function bookOf(
  all: readonly FoundVolume[],
  mark: Mark,
  desired: Desired,
  moved: readonly MovedVolume[],
): Readonly<Record<string, string>> {
  const book: Record<string, string> = { ...mark.volumes };
  for (const [name, volid] of Object.entries(book)) {
    const known = moved.find(({ kind, from }) => kind === 'moved' && from === volid);
    if (known !== undefined) book[name] = known.to;
  }
  const spoken = new Set([...desired.volumes.map(({ name }) => name), ...desired.deletedVolumes]);
  for (const { name, path } of desired.volumes) {
    if (book[name] !== undefined) continue;
    const there = all.find((volume) => volume.place === 'attached' && pathOf(volume) === path);
    if (there === undefined) continue;
    const before = Object.keys(book).find((other) => book[other] === there.volid);
    if (before !== undefined && spoken.has(before)) continue;
    if (before !== undefined) delete book[before];
    book[name] = there.volid;
  }
  return book;
}

/**
 * What became of a volume that was to go elsewhere. unclear: the old one and one in its place are both there, and which of
 * them is the right one only people can tell.
 */
export interface MovedVolume {
  readonly kind: 'moved' | 'unclear';
  readonly from: string;
  readonly to: string;
  /** Where the old one stands. */
  readonly unused?: string;
}

export function movedVolumes({ config, node: at }: ContainerState, { moving = [] }: Mark): readonly MovedVolume[] {
  return moving.flatMap(({ key, from, storage, node }): MovedVolume[] => {
    const to = volumeOf(config[key] ?? '');
    const arrived = (storage ?? storageOfVolume(to)) === storageOfVolume(to) && (node ?? at) === at;
    if (to === '' || to === from || !arrived) return [];
    const unused = Object.keys(config).find((name) => name !== key && volumeOf(config[name] ?? '') === from);
    return unused === undefined ? [{ kind: 'moved', from, to }] : [{ kind: 'unclear', from, to, unused }];
  });
}

/**
 * What the owner mark shall say of volumes; undefined: what it says already. A name goes only once its volume, which
 * git wanted destroyed, is gone: one in no config may still be held by a snapshot. Once it is written no volume is moving.
 */
export function volumesForMark(
  state: ContainerState,
  mark: Mark,
  desired: Desired,
  isGone: (volid: string) => boolean,
): Mark['volumes'] | undefined {
  if (movedVolumes(state, mark).some(({ kind }) => kind === 'unclear')) return undefined;
  const found = volumesOf(state, mark, desired);
  const kept = found.filter(
    ({ name, place, volid }) =>
      name !== undefined && !(place === 'lost' && desired.deletedVolumes.includes(name) && isGone(volid)),
  );
  const next = Object.fromEntries(kept.map(({ name = '', volid }) => [name, volid]));
  const before = mark.volumes ?? {};
  const same =
    Object.keys(before).length === kept.length && Object.entries(before).every(([name, volid]) => next[name] === volid);
  return same && mark.moving === undefined ? undefined : next;
}

export function pathOf({ properties }: FoundVolume): string | undefined {
  const path = properties.get('mp');
  return path === undefined ? undefined : mountPath(path);
}

/** As people call it: its name, else the key at which it hangs. */
export function calledOf({ name, key, volid }: FoundVolume): string {
  return name ?? key ?? volid;
}

/** Whole GiB at least, as git says sizes. */
export function isSmaller(wanted: Volume, size: number | undefined): boolean {
  return size !== undefined && size > 0 && wanted.size * GIB < size;
}

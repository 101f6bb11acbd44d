import type { Desired } from '../model/desired.ts';
import type { DataLine } from '../model/plan.ts';
import { GIB, parseProperties, parseSize } from '../model/property-string.ts';
import type { Present } from './edit.ts';
import { calledOf, type FoundVolume, pathOf, volumesOf } from './volumes.ts';

type Fate = DataLine['fate'];

export function dataOfCreate(desired: Desired): DataLine[] {
  return [
    { kind: 'root', name: 'root file system', fate: 'new', size: desired.rootfs.size },
    ...desired.volumes.map(({ name, path, size }): DataLine => ({ kind: 'volume', name, fate: 'new', path, size })),
  ];
}

/** What a plan for a container that shall be there does to its data. `root`: what becomes of the root file system. */
export function dataOfChange(
  desired: Desired,
  present: Present,
  sizes: ReadonlyMap<string, number>,
  root: Fate,
): DataLine[] {
  const found = volumesOf(present.state, present.mark, desired, sizes);
  const wanted = new Map(desired.volumes.map((volume) => [volume.name, volume]));
  const lines = found.map((volume): DataLine => {
    const { name, place } = volume;
    const inGit = name === undefined ? undefined : wanted.get(name);
    const dies = name !== undefined && desired.deletedVolumes.includes(name);
    // One that was made by hand stays where it is.
    const stays = inGit !== undefined || name === undefined;
    const fate = dies ? 'destroyed' : !stays ? 'detached' : place === 'attached' ? 'kept' : 'attached';
    const path = inGit?.path ?? (fate === 'kept' ? pathOf(volume) : undefined);
    return lineOf(volume, name === undefined && place !== 'attached' ? 'detached' : fate, path, inGit?.size);
  });
  const made = desired.volumes.filter(({ name }) => !found.some((volume) => volume.name === name));
  return [
    rootLine(present, root, desired.rootfs.size),
    ...lines.filter(({ fate }, index) => !(fate === 'destroyed' && found[index]?.place === 'lost')),
    ...made.map(({ name, path, size }): DataLine => ({ kind: 'volume', name, fate: 'new', path, size })),
  ];
}

/** In a replace that has begun: volumes may be with the candidate, and come back. */
export function dataOfBegun(desired: Desired, present: Present, sizes: ReadonlyMap<string, number>): DataLine[] {
  const renewed = present.mark.promotion?.renewed === true;
  const lines = dataOfChange({ ...desired, deletedVolumes: [] }, present, sizes, renewed ? 'kept' : 'destroyed');
  return lines.map((line) => {
    const size = line.size ?? desired.volumes.find(({ name }) => name === line.name)?.size;
    return size === undefined ? line : { ...line, size };
  });
}

/** The same where a restore that failed has left no container. */
export function dataOfMissing(desired: Desired): DataLine[] {
  return dataOfCreate(desired).map((line) => (line.kind === 'volume' ? { ...line, fate: 'attached' } : line));
}

/** What destroying, or retiring, a container does to its data. */
export function dataOfAbsent(
  present: Present,
  volumes: readonly FoundVolume[],
  dies: (volume: FoundVolume) => boolean,
  root: Fate,
): DataLine[] {
  const lines = volumes.map((volume) =>
    lineOf(volume, dies(volume) ? 'destroyed' : volume.place === 'attached' ? 'kept' : 'detached', pathOf(volume)),
  );
  return [rootLine(present, root), ...lines];
}

function lineOf(volume: FoundVolume, fate: Fate, path?: string, wanted?: number): DataLine {
  const known = volume.size === undefined || volume.size === 0 ? undefined : Number((volume.size / GIB).toFixed(2));
  const size = known === undefined ? undefined : Math.max(known, wanted ?? 0);
  return {
    kind: 'volume',
    name: calledOf(volume),
    fate,
    ...(path === undefined ? {} : { path }),
    ...(size === undefined ? {} : { size }),
  };
}

function rootLine({ state }: Present, fate: Fate, wanted?: number): DataLine {
  const bytes = parseSize(parseProperties(state.config.rootfs ?? '').get('size')) ?? 0;
  const size = bytes === 0 ? undefined : Math.max(Number((bytes / GIB).toFixed(2)), wanted ?? 0);
  return { kind: 'root', name: 'root file system', fate, ...(size === undefined ? {} : { size }) };
}

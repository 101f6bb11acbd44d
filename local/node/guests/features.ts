import type { Core } from '../core.ts';
import type { StorageConfig } from '../profile.ts';
import { splitVolumeId } from '../store/storages.ts';
import type { Values } from './config.ts';
import { isMountKey } from './mount-point.ts';

export type Feature = 'snapshot' | 'clone' | 'copy' | 'template' | 'rename';

/** What a volume is at the moment: the base of a template, one that was cloned or made, or a snapshot of it. */
type Kind = 'base' | 'current' | 'snap';
type Table = Readonly<Partial<Record<Feature, Readonly<Partial<Record<Kind, string>>>>>>;

/** storage type → feature → kind → formats (the plugins' volume_has_feature; a container has no other formats). */
const FEATURES: Readonly<Record<StorageConfig['type'], Table>> = {
  dir: {
    copy: { base: 'raw', current: 'raw' },
    template: { current: 'raw subvol' },
    rename: { current: 'raw' },
  },
  btrfs: {
    snapshot: { current: 'raw subvol', snap: 'raw subvol' },
    clone: { base: 'raw subvol', current: 'raw', snap: 'raw' },
    template: { current: 'raw subvol' },
    copy: { base: 'raw subvol', current: 'raw subvol', snap: 'raw subvol' },
    rename: { current: 'raw' },
  },
  lvmthin: {
    snapshot: { current: 'raw' },
    clone: { base: 'raw', snap: 'raw' },
    template: { current: 'raw' },
    copy: { base: 'raw', current: 'raw', snap: 'raw' },
    rename: { current: 'raw' },
  },
};

/** A path is no volume, and has no feature. */
export function volumeHasFeature(core: Core, volume: string, feature: Feature, snapshot?: string): boolean {
  const id = splitVolumeId(volume);
  if (id === undefined) return false;
  const { type } = core.storages.get(id.storage);
  const { format, isBase } = core.storages.parseName(id);
  const kind = snapshot !== undefined ? 'snap' : isBase ? 'base' : 'current';
  return (FEATURES[type][feature]?.[kind] ?? '').split(' ').includes(format);
}

/** Whether every volume of a section can do this; a back end may not offer it at all. */
export function hasFeature(core: Core, values: Values, feature: Feature, snapshot?: string): boolean {
  if (core.backend.volumeWork === undefined) return false;
  return Object.keys(values)
    .filter(isMountKey)
    .every((key) => volumeHasFeature(core, core.mountPoints.parse(key, values[key]).volume, feature, snapshot));
}

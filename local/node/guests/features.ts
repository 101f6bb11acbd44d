import type { Core } from '../core.ts';
import { parseVolumeId } from '../store/storages.ts';
import type { Values } from './config.ts';
import { isMountKey } from './mount-point.ts';

export type Feature = 'snapshot' | 'clone' | 'copy';

/** Storages that keep blocks once for several volumes. */
export function sharesBlocks(core: Core, storage: string): boolean {
  const { type } = core.storages.get(storage);
  return type === 'btrfs' || type === 'lvmthin';
}

/**
 * Whether every volume's storage can do this; bind and device mounts cannot be part of a snapshot, and a
 * back end may not offer it at all.
 */
export function hasFeature(core: Core, values: Values, feature: Feature): boolean {
  if (core.backend.volumeWork === undefined) return false;
  return Object.keys(values)
    .filter(isMountKey)
    .every((key) => {
      const { type, volume } = core.mountPoints.parse(key, values[key]);
      if (type !== 'volume') return false;
      const { storage, name } = parseVolumeId(volume);
      if (feature === 'copy') return true;
      const shares = sharesBlocks(core, storage);
      return feature === 'snapshot' ? shares : shares && /(?:^|\/)base/.test(name);
    });
}

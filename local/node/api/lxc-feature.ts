import type { Core } from '../core.ts';
import type { Values } from '../guests/config.ts';
import { isMountKey } from '../guests/mount-point.ts';
import { ApiError, type Json } from '../http/answer.ts';
import { parseVolumeId } from '../store/storages.ts';
import type { Call, Routes } from './call.ts';

export type Feature = 'snapshot' | 'clone' | 'copy';

/** Whether every volume's storage can do this; bind and device mounts cannot be part of a snapshot. */
export function hasFeature(core: Core, values: Values, feature: Feature): boolean {
  return Object.keys(values)
    .filter(isMountKey)
    .every((key) => {
      const { type, volume } = core.mountPoints.parse(key, values[key]);
      if (type !== 'volume') return false;
      const { storage, name } = parseVolumeId(volume);
      const kind = core.storages.get(storage).type;
      if (feature === 'copy') return true;
      if (feature === 'snapshot') return kind === 'btrfs' || kind === 'lvmthin';
      return (kind === 'btrfs' || kind === 'lvmthin') && /(?:^|\/)base/.test(name);
    });
}

function feature(call: Call): Json {
  const { core, vmid } = call;
  const { config } = core.guests.read('lxc', vmid);
  const name = call.text('snapname');
  const values = name === undefined ? config.values : config.snapshots[name]?.values;
  if (values === undefined) throw new ApiError(500, `snapshot '${name}' does not exist`);
  return { hasFeature: hasFeature(core, values, call.required('feature') as Feature) ? 1 : 0 };
}

export const lxcFeatureRoutes: Routes = { 'GET /nodes/{node}/lxc/{vmid}/feature': feature };

import type { Desired, Volume } from '../model/desired.ts';
import { parseProperties, parseSize, volumeOf } from '../model/property-string.ts';
import { storageOfVolume } from '../model/volid.ts';
import type { Present } from './edit.ts';
import { wholeGibibytes } from './resources.ts';
import { type FoundVolume, volumesOf } from './volumes.ts';

/**
 * A past definition for a container as its disks are today: on the way back none shrinks, moves, is detached or dies, and the
 * container stays where it stands. `now`: the definition that failed; it names what the past one does not know. Pure.
 */
export function withTodaysDisks(past: Desired, present: Present, now: Desired): Desired {
  const { state, mark } = present;
  const { dropSnapshots: _, ...rest } = past;
  const found = volumesOf(state, mark, now);
  const root = state.config.rootfs ?? '';
  const bytes = parseSize(parseProperties(root).get('size')) ?? 0;
  const today = (volume: Volume): Volume =>
    asItIs(
      volume,
      found.find(({ name }) => name === volume.name),
    );
  const added = now.volumes.filter(
    ({ name }) =>
      !past.volumes.some((volume) => volume.name === name) &&
      found.some((volume) => volume.name === name && volume.place === 'attached'),
  );
  return {
    ...rest,
    vmid: now.vmid,
    nodes: [state.node],
    rootfs: {
      storage: storageOfVolume(volumeOf(root)),
      size: bytes === 0 ? past.rootfs.size : wholeGibibytes(bytes),
    },
    volumes: [...past.volumes, ...added].map(today),
    deletedVolumes: [],
  };
}

function asItIs(volume: Volume, found: FoundVolume | undefined): Volume {
  if (found === undefined) return volume;
  const known = found.size !== undefined && found.size > 0;
  return {
    ...volume,
    storage: storageOfVolume(found.volid),
    ...(known ? { size: wholeGibibytes(found.size ?? 0) } : {}),
  };
}

/** The same for the container that is there: what only a replace could bring about stays, too. */
export function inPlace(desired: Desired, { state, mark }: Present): Desired {
  return {
    ...desired,
    unprivileged: state.config.unprivileged === '1',
    ...(mark.template === undefined ? {} : { template: { kind: 'volid', volid: mark.template } }),
  };
}

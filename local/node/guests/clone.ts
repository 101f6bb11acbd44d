import type { Core } from '../core.ts';
import { ApiError, errorText } from '../http/answer.ts';
import { putOn } from '../members.ts';
import { parseVolumeId } from '../store/storages.ts';
import type { TaskContext } from '../tasks/tasks.ts';
import { emptyConfig, type GuestConfig, type Values } from './config.ts';
import { addToPool, copyVolume, finish, takeBack } from './making.ts';
import { isMountKey, isVolumeKey } from './mount-point.ts';
import { randomMac } from './network.ts';
import { parseSize } from './size.ts';
import { toSpec } from './spec.ts';
import { volumeWork } from './volume-work.ts';

export interface Cloning {
  readonly from: number;
  readonly to: number;
  readonly full: boolean;
  readonly snapshot?: string;
  /** For full copies; default: each volume's own. */
  readonly storage?: string;
  readonly hostname?: string;
  readonly description?: string;
  readonly pool?: string;
  /** Another member that it goes to when it is whole. */
  readonly target?: string;
}

/** Keys that belong to the source alone. */
const NOT_CLONED = /^(?:unused\d+|lock|parent|snaptime|snapstate|template)$/;

function clonedValues(core: Core, values: Values, cloning: Cloning): Values {
  const result: Values = {};
  for (const [key, value] of Object.entries(values)) {
    if (NOT_CLONED.test(key) || isVolumeKey(key)) continue;
    result[key] = /^net\d+$/.test(key)
      ? core.networks.print({ ...core.networks.parse(value), hwaddr: randomMac() })
      : value;
  }
  if (cloning.hostname !== undefined) result.hostname = cloning.hostname;
  if (cloning.description !== undefined) result.description = cloning.description;
  return result;
}

/** The worker of a clone; the new vmid has been reserved. A failure leaves nothing behind. */
export async function cloneContainer(
  core: Core,
  task: TaskContext,
  cloning: Cloning,
  source: GuestConfig,
): Promise<void> {
  const { to, full, snapshot } = cloning;
  const values = snapshot === undefined ? source.values : (source.snapshots[snapshot]?.values ?? {});
  const config = emptyConfig();
  try {
    config.values = clonedValues(core, values, cloning);
    config.raw = [...source.raw];
    for (const key of Object.keys(values)
      .filter(isMountKey)
      .sort((a, b) => (a === 'rootfs' ? -1 : b === 'rootfs' ? 1 : a < b ? -1 : 1))) {
      const mount = core.mountPoints.parse(key, values[key]);
      task.log(
        full
          ? `create full clone of mountpoint ${key} (${mount.volume})`
          : `create linked clone of mount point ${key} (${mount.volume})`,
      );
      const storage = (full ? cloning.storage : undefined) ?? parseVolumeId(mount.volume).storage;
      const size = parseSize(mount.options.size ?? '');
      const from = {
        id: mount.volume,
        ...(snapshot === undefined ? {} : { snapshot }),
        // a volume that grew since the snapshot was smaller then
        ...(snapshot === undefined || size === undefined ? {} : { size }),
      };
      const volume = await copyVolume(core, to, from, { storage, linked: !full }, task);
      config.values[key] = core.mountPoints.print({ ...mount, volume });
    }
    await volumeWork(core).makeDistinct(toSpec(core, to, config.values));
    core.guests.write('lxc', to, config);
  } catch (error) {
    await takeBack(core, to);
    throw new ApiError(500, `clone failed: ${errorText(error)}`);
  }
  if (cloning.target !== undefined) putOn(core, to, cloning.target);
  finish(core, to);
  if (cloning.pool !== undefined) addToPool(core, cloning.pool, to);
}

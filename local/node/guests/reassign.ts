import type { Core } from '../core.ts';
import { ApiError } from '../http/answer.ts';
import { volid } from '../store/volumes.ts';
import type { GuestConfig } from './config.ts';
import { namedVolumes } from './disks.ts';
import { volumeHasFeature } from './features.ts';
import { finish, noteBefore, noteRenaming, takeBack } from './making.ts';
import { toSpec } from './spec.ts';
import { checkLock } from './update.ts';

/** A volume that goes from one container's slot to another's. */
export interface Reassignment {
  readonly vmid: number;
  readonly key: string;
  readonly target: number;
  readonly targetKey: string;
  readonly digest?: string;
  readonly targetDigest?: string;
}

const MODIFIED = 'detected modified configuration - file changed by other user? Try again.';

function checkKeys({ key, targetKey }: Reassignment): void {
  if (key === 'rootfs' || targetKey === 'rootfs') throw new ApiError(500, "Cannot move to/from 'rootfs'");
  if (key.startsWith('unused') && !targetKey.startsWith('unused')) {
    throw new ApiError(500, 'Moving an unused volume to a used one is not possible');
  }
}

interface Pair {
  readonly source: GuestConfig;
  readonly target: GuestConfig;
}

function load(core: Core, { vmid, target, digest, targetDigest }: Reassignment): Pair {
  for (const id of [vmid, target]) if (!core.guests.has('lxc', id)) throw new ApiError(500, `could not find CT ${id}`);
  const source = core.guests.read('lxc', vmid);
  const other = target === vmid ? source : core.guests.read('lxc', target);
  checkLock(source.config);
  checkLock(other.config);
  if (source.config.values.template === '1' || other.config.values.template === '1') {
    throw new ApiError(500, "Can't move volumes from or to template CT");
  }
  if (digest !== undefined && digest !== source.digest) throw new ApiError(500, `Container ${vmid}: ${MODIFIED}`);
  if (targetDigest !== undefined && targetDigest !== other.digest) {
    throw new ApiError(500, `Container ${target}: ${MODIFIED}`);
  }
  return { source: source.config, target: other.config };
}

/** Both configs, after every check; asked before the task and again inside it. */
export async function checkReassignment(core: Core, move: Reassignment): Promise<Pair & { readonly volume: string }> {
  checkKeys(move);
  const pair = load(core, move);
  const { vmid, key, target, targetKey } = move;
  const value = pair.source.values[key];
  if (value === undefined) throw new ApiError(500, `volume '${key}' for container '${vmid}' does not exist`);
  if (pair.target.values[targetKey] !== undefined) {
    throw new ApiError(500, `Target volume key '${targetKey}' is already in use for container '${target}'`);
  }
  const mount = core.mountPoints.parse(key, value);
  const inSnapshot = Object.values(pair.source.snapshots).some(({ values }) =>
    namedVolumes(core, values).includes(mount.volume),
  );
  if (inSnapshot) throw new ApiError(500, 'Cannot move volume used by a snapshot to another container');
  // a bind or device mount has no features either
  if (!volumeHasFeature(core, mount.volume, 'rename')) {
    throw new ApiError(500, 'Storage does not support moving of this disk to another container');
  }
  if (!key.startsWith('unused') && (await core.backend.state(vmid)).running) {
    throw new ApiError(500, 'Cannot move in-use volume while the source CT is running - detach or shutdown first');
  }
  return { ...pair, volume: mount.volume };
}

/** The worker: the volume gets the target's next free name, the mount path stays as it is. */
export async function reassign(core: Core, move: Reassignment, log: (line: string) => void): Promise<void> {
  const { vmid, key, target, targetKey } = move;
  const { source, target: other, volume } = await checkReassignment(core, move);
  log(`moving volume '${key}' from container '${vmid}' to '${target}'`);
  // a kill brings both configs back, and the volume's name
  noteBefore(core, vmid, source);
  if (target !== vmid) noteBefore(core, target, other);
  try {
    await hand(core, move, { source, target: other, volume }, log);
  } catch (error) {
    await takeBack(core, vmid);
    await takeBack(core, target);
    throw error;
  }
  finish(core, vmid, target);
  log(`target container '${target}' updated with '${targetKey}'`);
}

async function hand(
  core: Core,
  { vmid, key, target, targetKey }: Reassignment,
  { source, target: other, volume }: Pair & { readonly volume: string },
  log: (line: string) => void,
): Promise<void> {
  const noted = (from: string, to: string): void => noteRenaming(core, vmid, from, to);
  const renamed = volid(await core.volumes.rename(volume, target, noted));
  const value = source.values[key] ?? '';
  log(`removing volume '${key}' from container '${vmid}' config`);
  delete source.values[key];
  const unused = targetKey.startsWith('unused');
  const handed = unused
    ? renamed
    : core.mountPoints.print({ ...core.mountPoints.parse(key, value), key: targetKey, volume: renamed });
  if (target !== vmid) core.guests.write('lxc', vmid, source);
  if (!unused && (await core.backend.state(target)).running) {
    // it is mounted at once, as any new mount point of a running container
    const values = { ...other.values, [targetKey]: handed };
    await core.backend.change(toSpec(core, target, other.values), toSpec(core, target, values));
  }
  other.values[targetKey] = handed;
  core.guests.write('lxc', target, other);
}

import type { Core } from '../core.ts';
import { ApiError, errorText } from '../http/answer.ts';
import type { TaskContext } from '../tasks/tasks.ts';
import { type GuestConfig, parseConfig, type Values } from './config.ts';
import { archivePath } from './create.ts';
import { isOwned, makeDisks, namedVolumes } from './disks.ts';
import { LockTimeout } from './locks.ts';
import { addToPool, finish, giveUpReplaced, noteVolume, takeBack } from './making.ts';
import { isMountKey } from './mount-point.ts';
import { randomMac } from './network.ts';
import { underLock } from './power.ts';
import { parseSize } from './size.ts';
import { toSpec } from './spec.ts';
import { volumeWork } from './volume-work.ts';

export interface Restoration {
  readonly vmid: number;
  readonly archive: string;
  /** What the call gives; it goes before what the archive holds. */
  readonly given: GuestConfig;
  /** Empty: volumes as the archive names them, on `storage`. */
  readonly mounts: Values;
  readonly storage: string;
  /** New MAC addresses. */
  readonly unique: boolean;
  readonly pool?: string;
  /** The container that is replaced; its pool, ACLs and firewall stay. */
  readonly replaces?: GuestConfig;
}

/** Volumes of the archived config as ones to be made, of the same size. */
function wantedMounts(core: Core, values: Values, storage: string): Values {
  const wanted: Values = {};
  for (const key of Object.keys(values).filter(isMountKey)) {
    const { size, ...options } = core.mountPoints.parse(key, values[key]).options;
    const mount = core.mountPoints.parse(key, values[key]);
    if (mount.type !== 'volume') continue;
    if (size === undefined) throw new ApiError(500, `unable to detect disk size - please specify ${key} (size)`);
    const gib = (parseSize(size) ?? 0) / 1024 ** 3;
    wanted[key] = core.mountPoints.print({ ...mount, volume: `${storage}:${gib}`, options });
  }
  return wanted;
}

function merged(core: Core, archived: GuestConfig, { given, unique }: Restoration): Values {
  const { lock: _lock, ...values }: Values = { ...archived.values, ...given.values };
  for (const key of Object.keys(values)) {
    if (isMountKey(key) || key.startsWith('unused')) delete values[key];
    const net = values[key];
    if (unique && net !== undefined && /^net\d+$/.test(key) && given.values[key] === undefined) {
      values[key] = core.networks.print({ ...core.networks.parse(net), hwaddr: randomMac() });
    }
  }
  return values;
}

/** Reads what the archive holds; nothing has been changed so far. */
async function recovered(core: Core, task: TaskContext, { archive }: Restoration): Promise<GuestConfig> {
  task.log(`recovering backed-up configuration from '${archive}'`);
  return parseConfig(await volumeWork(core).backupConfig(archivePath(core, archive)));
}

async function build(
  core: Core,
  task: TaskContext,
  restoration: Restoration,
  archived: GuestConfig,
): Promise<GuestConfig> {
  const { vmid, archive, storage, replaces } = restoration;
  const asked = restoration.mounts;
  const mounts = Object.keys(asked).length > 0 ? asked : wantedMounts(core, archived.values, storage);
  const disks = await makeDisks(core, vmid, mounts, (id) => noteVolume(core, vmid, id));
  if (replaces !== undefined) await freeReplaced(core, task, vmid, replaces);
  const values = { ...merged(core, archived, restoration), ...disks };
  task.log(`restoring '${archive}' now..`);
  await volumeWork(core).restore(toSpec(core, vmid, values), archivePath(core, archive), task.log, task.signal);
  task.log('merging backed-up and given configuration..');
  return { values, raw: archived.raw, pending: {}, snapshots: {} };
}

/** What the container that is replaced held. */
async function freeReplaced(core: Core, task: TaskContext, vmid: number, replaces: GuestConfig): Promise<void> {
  const sections = [replaces.values, ...Object.values(replaces.snapshots).map(({ values }) => values)];
  for (const id of new Set(sections.flatMap((values) => namedVolumes(core, values)))) {
    if (!isOwned(core, vmid, id, task.log)) continue;
    // A kill in the middle of it: the next node goes on.
    noteVolume(core, vmid, id);
    await core.volumes.free(id);
  }
}

/**
 * The worker of a restore. One that fails before it has made a disk leaves what it was to replace as it was. One that
 * fails later leaves no container, as in Proxmox VE since 2022 (pve-container, API2/LXC.pm, `destroy_config_on_error`): what
 * was there is gone, or when not even the disks could be made its volumes stand in no config.
 */
export async function restoreContainer(core: Core, task: TaskContext, restoration: Restoration): Promise<void> {
  const { vmid, pool, replaces } = restoration;
  try {
    await underLock(core, task, vmid, () => overwrite(core, task, restoration));
  } catch (error) {
    // The lock goes under the lock file too: while somebody holds that, it stays, for root to take off (pct unlock).
    if (error instanceof LockTimeout && replaces !== undefined) await core.locks.run(vmid, () => takeBack(core, vmid));
    throw error;
  }
  if (pool !== undefined) addToPool(core, pool, vmid);
}

async function overwrite(core: Core, task: TaskContext, restoration: Restoration): Promise<void> {
  const { vmid } = restoration;
  let begun = false;
  try {
    const archived = await recovered(core, task, restoration);
    begun = true;
    giveUpReplaced(core, vmid);
    core.guests.write('lxc', vmid, await build(core, task, restoration, archived));
  } catch (error) {
    await takeBack(core, vmid);
    if (begun) {
      core.firewalls.update((value) => {
        delete value[vmid];
      });
    }
    throw new ApiError(500, `unable to restore CT ${vmid} - ${errorText(error)}`);
  }
  finish(core, vmid);
}

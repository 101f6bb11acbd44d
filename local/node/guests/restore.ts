import type { Core } from '../core.ts';
import { ApiError, errorText } from '../http/answer.ts';
import type { TaskContext } from '../tasks/tasks.ts';
import { type GuestConfig, parseConfig, type Values } from './config.ts';
import { archivePath } from './create.ts';
import { isOwned, makeDisks, namedVolumes } from './disks.ts';
import { addToPool, finish, noteRest, noteVolume, takeBack } from './making.ts';
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

async function build(core: Core, task: TaskContext, restoration: Restoration): Promise<GuestConfig> {
  const { vmid, archive, storage } = restoration;
  const file = archivePath(core, archive);
  task.log(`recovering backed-up configuration from '${archive}'`);
  const archived = parseConfig(await volumeWork(core).backupConfig(file));
  const asked = restoration.mounts;
  const mounts = Object.keys(asked).length > 0 ? asked : wantedMounts(core, archived.values, storage);
  const disks = await makeDisks(core, vmid, mounts, (id) => noteVolume(core, vmid, id));
  const values = { ...merged(core, archived, restoration), ...disks };
  task.log(`restoring '${archive}' now..`);
  await volumeWork(core).restore(toSpec(core, vmid, values), file, task.log, task.signal);
  task.log('merging backed-up and given configuration..');
  return { values, raw: archived.raw, pending: {}, snapshots: {} };
}

/** The worker of a restore. A failed one takes back what it made; what it was to replace stays as it was. */
export async function restoreContainer(core: Core, task: TaskContext, restoration: Restoration): Promise<void> {
  const { vmid, pool, replaces } = restoration;
  await underLock(core, task, vmid, async () => {
    try {
      const config = await build(core, task, restoration);
      core.guests.write('lxc', vmid, config);
    } catch (error) {
      await takeBack(core, vmid);
      throw new ApiError(500, `unable to restore CT ${vmid} - ${errorText(error)}`);
    }
    if (replaces === undefined) {
      finish(core, vmid);
      return;
    }
    const kept = namedVolumes(core, core.guests.read('lxc', vmid).config.values);
    const sections = [replaces.values, ...Object.values(replaces.snapshots).map(({ values }) => values)];
    const old = new Set(sections.flatMap((values) => namedVolumes(core, values)).filter((id) => !kept.includes(id)));
    noteRest(
      core,
      vmid,
      [...old].filter((id) => isOwned(core, vmid, id, task.log)),
      'create',
    );
    await takeBack(core, vmid);
  });
  if (pool !== undefined) addToPool(core, pool, vmid);
}

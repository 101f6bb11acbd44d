import type { Volume } from '../backend/backend.ts';
import { seconds } from '../clock.ts';
import type { Core } from '../core.ts';
import { ApiError } from '../http/answer.ts';
import { toVolume } from '../store/volumes.ts';
import type { TaskContext } from '../tasks/tasks.ts';
import type { GuestConfig, Values } from './config.ts';
import { addUnused, isInUse, namedVolumes } from './disks.ts';
import { hasFeature } from './features.ts';
import { finish, noteRollback } from './making.ts';
import { isMountKey } from './mount-point.ts';
import { underLock } from './power.ts';
import { parseSize } from './size.ts';
import { checkLock } from './update.ts';
import { volumeWork } from './volume-work.ts';

/** What a snapshot does not hold: it belongs to the container as it goes on. */
const NOT_IN_SNAPSHOT = /^(?:unused\d+|description|lock|snaptime|snapstate)$/;

function snapshotOf(config: GuestConfig, name: string): { values: Values; raw: [string, string][] } {
  const snapshot = config.snapshots[name];
  if (snapshot === undefined) throw new ApiError(500, `snapshot '${name}' does not exist`);
  return snapshot;
}

/** Volumes of the mount points in a section, each with the size that the section gives it. */
function mounted(core: Core, values: Values): readonly { readonly id: string; readonly volume: Volume }[] {
  return Object.keys(values)
    .filter(isMountKey)
    .flatMap((key) => {
      const { type, volume: id, options } = core.mountPoints.parse(key, values[key]);
      if (type !== 'volume') return [];
      const volume = toVolume(core.volumes.get(id));
      const size = options.size === undefined ? undefined : parseSize(options.size);
      return [{ id, volume: { ...volume, ...(size === undefined ? {} : { size }) } }];
    });
}

/** Takes a snapshot away for good, complete or not. Volumes that nothing else names are kept as unused. */
export async function removeSnapshot(core: Core, vmid: number, name: string): Promise<void> {
  const { config } = core.guests.read('lxc', vmid);
  const { values } = snapshotOf(config, name);
  values.snapstate = 'delete';
  core.guests.write('lxc', vmid, config);
  const known = namedVolumes(core, values).filter((id) => core.volumes.find(id) !== undefined);
  for (const id of known) await volumeWork(core).dropSnapshot(toVolume(core.volumes.get(id)), name);
  const { parent } = values;
  delete config.snapshots[name];
  for (const id of known) if (!isInUse(core, config, id, '')) addUnused(config, id);
  for (const other of [config.values, ...Object.values(config.snapshots).map((snapshot) => snapshot.values)]) {
    if (other.parent !== name) continue;
    if (parent === undefined) delete other.parent;
    else other.parent = parent;
  }
  core.guests.write('lxc', vmid, config);
}

export async function takeSnapshot(
  core: Core,
  task: TaskContext,
  vmid: number,
  wanted: { readonly name: string; readonly description: string },
): Promise<void> {
  await underLock(core, task, vmid, async () => {
    const { config } = core.guests.read('lxc', vmid);
    if (config.values.template === '1') throw new ApiError(500, "you can't take a snapshot if it's a template");
    checkLock(config);
    const { name, description } = wanted;
    if (config.snapshots[name] !== undefined) throw new ApiError(500, `snapshot name '${name}' already used`);
    if (!hasFeature(core, config.values, 'snapshot')) throw new ApiError(500, 'snapshot feature is not available');
    // the config is written first: a kill leaves a snapshot that is known as incomplete, not bytes that nobody names
    const values = Object.fromEntries(Object.entries(config.values).filter(([key]) => !NOT_IN_SNAPSHOT.test(key)));
    values.snaptime = String(seconds(core.clock));
    if (description !== '') values.description = description;
    config.snapshots[name] = { values: { ...values, snapstate: 'prepare' }, raw: [...config.raw] };
    core.guests.write('lxc', vmid, config);
    const work = volumeWork(core);
    try {
      await work.still(vmid, async () => {
        for (const { volume } of mounted(core, values)) await work.snapshot(volume, name, task.log, task.signal);
      });
    } catch (error) {
      await removeSnapshot(core, vmid, name);
      throw error;
    }
    config.snapshots[name] = { values, raw: [...config.raw] };
    config.values.parent = name;
    core.guests.write('lxc', vmid, config);
  });
}

export async function dropSnapshot(core: Core, task: TaskContext, vmid: number, name: string): Promise<void> {
  await underLock(core, task, vmid, async () => {
    const { config } = core.guests.read('lxc', vmid);
    snapshotOf(config, name);
    checkLock(config);
    if (config.values.template === '1') throw new ApiError(500, "you can't delete a snapshot if vm is a template");
    await removeSnapshot(core, vmid, name);
  });
}

/** Volumes, then the config; what was done before may be done again. Volumes that the snapshot lacks become unused. */
export async function finishRollback(
  core: Core,
  vmid: number,
  name: string,
  log: (line: string) => void,
): Promise<void> {
  const { config } = core.guests.read('lxc', vmid);
  const snapshot = snapshotOf(config, name);
  for (const { id, volume } of mounted(core, snapshot.values)) {
    await volumeWork(core).rollback(volume, name, log);
    core.volumes.resize(id, volume.size);
  }
  const before = namedVolumes(core, config.values);
  const kept = Object.entries(config.values).filter(([key]) => key.startsWith('unused') || key === 'description');
  const taken = Object.entries(snapshot.values).filter(([key]) => !NOT_IN_SNAPSHOT.test(key));
  config.values = { ...Object.fromEntries(taken), ...Object.fromEntries(kept), parent: name };
  config.raw = [...snapshot.raw];
  // pve-container builds the new config from the snapshot, and takes only description and unused disks along
  config.pending = {};
  const after = namedVolumes(core, config.values);
  for (const id of before) if (!after.includes(id)) addUnused(config, id);
  core.guests.write('lxc', vmid, config);
  finish(core, vmid);
}

/** Stops the container; its description and unused volumes stay as they are. */
export async function rollbackTo(core: Core, task: TaskContext, vmid: number, name: string): Promise<void> {
  await underLock(core, task, vmid, async () => {
    const { config } = core.guests.read('lxc', vmid);
    if (config.values.template === '1') throw new ApiError(500, "you can't rollback if vm is a template");
    const { snapstate } = snapshotOf(config, name).values;
    if (snapstate !== undefined) {
      throw new ApiError(500, `unable to rollback to incomplete snapshot (snapstate = ${snapstate})`);
    }
    checkLock(config);
    if ((await core.backend.state(vmid)).running) await core.backend.stop(vmid, task.log);
    noteRollback(core, vmid, name);
    try {
      await finishRollback(core, vmid, name, task.log);
    } finally {
      finish(core, vmid);
    }
  });
}

import { seconds } from '../clock.ts';
import type { Core } from '../core.ts';
import { ApiError } from '../http/answer.ts';
import { toVolume } from '../store/volumes.ts';
import type { TaskContext } from '../tasks/tasks.ts';
import type { GuestConfig, Values } from './config.ts';
import { namedVolumes } from './disks.ts';
import { hasFeature } from './features.ts';
import { isMountKey } from './mount-point.ts';
import { underLock } from './power.ts';
import { checkLock } from './update.ts';
import { volumeWork } from './volume-work.ts';

/** What a snapshot does not hold: it belongs to the container as it goes on. */
const NOT_IN_SNAPSHOT = /^(?:unused\d+|description|lock|snaptime|snapstate)$/;

function snapshotOf(config: GuestConfig, name: string): { values: Values; raw: [string, string][] } {
  const snapshot = config.snapshots[name];
  if (snapshot === undefined) throw new ApiError(500, `snapshot '${name}' does not exist`);
  return snapshot;
}

/** Volumes of the mount points in a section. */
function mounted(core: Core, values: Values): ReturnType<typeof toVolume>[] {
  const mounts = Object.fromEntries(Object.entries(values).filter(([key]) => isMountKey(key)));
  return namedVolumes(core, mounts).map((id) => toVolume(core.volumes.get(id)));
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
    // the config is written first: a kill leaves a snapshot that can be deleted, not bytes that nobody names
    const values = Object.fromEntries(Object.entries(config.values).filter(([key]) => !NOT_IN_SNAPSHOT.test(key)));
    values.snaptime = String(seconds(core.clock));
    if (description !== '') values.description = description;
    config.snapshots[name] = { values, raw: [...config.raw] };
    config.values.parent = name;
    core.guests.write('lxc', vmid, config);
    for (const volume of mounted(core, values)) await volumeWork(core).snapshot(volume, name);
  });
}

export async function dropSnapshot(core: Core, task: TaskContext, vmid: number, name: string): Promise<void> {
  await underLock(core, task, vmid, async () => {
    const { config } = core.guests.read('lxc', vmid);
    const { values } = snapshotOf(config, name);
    checkLock(config);
    if (config.values.template === '1') throw new ApiError(500, "you can't delete a snapshot if vm is a template");
    for (const volume of mounted(core, values)) await volumeWork(core).dropSnapshot(volume, name);
    const { parent } = values;
    delete config.snapshots[name];
    for (const other of [config.values, ...Object.values(config.snapshots).map((snapshot) => snapshot.values)]) {
      if (other.parent !== name) continue;
      if (parent === undefined) delete other.parent;
      else other.parent = parent;
    }
    core.guests.write('lxc', vmid, config);
  });
}

/** Stops the container; its description and unused volumes stay as they are. */
export async function rollbackTo(core: Core, task: TaskContext, vmid: number, name: string): Promise<void> {
  await underLock(core, task, vmid, async () => {
    const { config } = core.guests.read('lxc', vmid);
    if (config.values.template === '1') throw new ApiError(500, "you can't rollback if vm is a template");
    const snapshot = snapshotOf(config, name);
    checkLock(config);
    if ((await core.backend.state(vmid)).running) await core.backend.stop(vmid, task.log);
    for (const volume of mounted(core, snapshot.values)) await volumeWork(core).rollback(volume, name);
    const kept = Object.entries(config.values).filter(([key]) => key.startsWith('unused') || key === 'description');
    const taken = Object.entries(snapshot.values).filter(([key]) => !NOT_IN_SNAPSHOT.test(key));
    config.values = { ...Object.fromEntries(taken), ...Object.fromEntries(kept), parent: name };
    config.raw = [...snapshot.raw];
    core.guests.write('lxc', vmid, config);
  });
}

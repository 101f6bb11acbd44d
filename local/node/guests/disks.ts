import type { Core } from '../core.ts';
import { splitVolumeId } from '../store/storages.ts';
import { volid } from '../store/volumes.ts';
import type { GuestConfig, Values } from './config.ts';
import { isMountKey, isVolumeKey, newDisk } from './mount-point.ts';
import { formatSize } from './size.ts';

/** GiB as written → bytes, cut to whole KiB as pve-container does (0.7 → 716M). */
function bytesOf(gib: number): number {
  return Math.floor(gib * 1024) * 1024 * 1024;
}

/** rootfs first, then mp0, mp1 …: disk numbers follow this order. */
function inMountOrder(mounts: Values): readonly string[] {
  const rank = (key: string): number => (key === 'rootfs' ? -1 : Number(key.slice(2)));
  return Object.keys(mounts).sort((a, b) => rank(a) - rank(b));
}

/**
 * Makes the volumes that `storage:SIZE` values ask for and looks up those that are named. The result holds the values as
 * they are stored, sizes filled in; `onName` gets the new volids, each before its volume is there.
 */
export async function makeDisks(
  core: Core,
  vmid: number,
  mounts: Values,
  onName: (id: string) => void,
): Promise<Values> {
  const result: Values = {};
  for (const key of inMountOrder(mounts)) {
    const value = core.mountPoints.parse(key, mounts[key]);
    const wanted = newDisk(value.volume);
    if (value.type !== 'volume') {
      result[key] = core.mountPoints.print(value);
    } else if (wanted === undefined) {
      result[key] = mounts[key] ?? '';
      core.volumes.get(value.volume);
    } else {
      core.storages.enabled(wanted.storage);
      const record = await core.volumes.allocate(wanted.storage, vmid, bytesOf(wanted.gib), onName);
      const options = { ...value.options, size: formatSize(record.size) };
      result[key] = core.mountPoints.print({ ...value, volume: volid(record), options });
    }
  }
  return result;
}

/** The size as the storage has it, in the value; an unknown volume's stays as written. */
export function withSize(core: Core, key: string, text: string): string {
  const value = core.mountPoints.parse(key, text);
  const record = value.type === 'volume' ? core.volumes.find(value.volume) : undefined;
  if (record === undefined) return core.mountPoints.print(value);
  return core.mountPoints.print({ ...value, options: { ...value.options, size: formatSize(record.size) } });
}

/** volids that a section names, unused ones too. */
export function namedVolumes(core: Core, values: Values): readonly string[] {
  return Object.keys(values)
    .filter(isVolumeKey)
    .map((key) => core.mountPoints.parse(key.startsWith('unused') ? 'rootfs' : key, values[key]))
    .filter((value) => value.type === 'volume')
    .map((value) => value.volume);
}

/** Whether a volume is named by the active values beside one key, or by a snapshot. */
export function isInUse(core: Core, config: GuestConfig, id: string, except: string): boolean {
  const active = Object.fromEntries(Object.entries(config.values).filter(([key]) => isMountKey(key) && key !== except));
  const sections = [active, ...Object.values(config.snapshots).map((snapshot) => snapshot.values)];
  return sections.some((values) => namedVolumes(core, values).includes(id));
}

/** Keeps a detached volume as the next free unusedN. */
export function addUnused(config: GuestConfig, id: string): void {
  const taken = Object.keys(config.values).filter((key) => key.startsWith('unused'));
  if (taken.some((key) => config.values[key] === id)) return;
  let number = 0;
  while (taken.includes(`unused${number}`)) number += 1;
  config.values[`unused${number}`] = id;
}

/** Whether this guest owns a volume; says so when it does not. */
export function isOwned(core: Core, vmid: number, id: string, log: (line: string) => void): boolean {
  const name = splitVolumeId(id);
  if (name === undefined) return false;
  const owner = core.storages.find(name.storage) === undefined ? undefined : core.storages.parseName(name).vmid;
  if (owner === undefined || owner === vmid) return true;
  log(`ignore deletion of '${id}', CT ${vmid} isn't the owner!`);
  return false;
}

/** Frees a volume for good when this guest owns it; says so when it does not. */
export async function freeOwned(core: Core, vmid: number, id: string, log: (line: string) => void): Promise<void> {
  if (isOwned(core, vmid, id, log)) await core.volumes.free(id);
}

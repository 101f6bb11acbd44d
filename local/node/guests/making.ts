import type { Core } from '../core.ts';
import { volid } from '../store/volumes.ts';
import { type GuestConfig, printConfig } from './config.ts';

/** Notes a volume under the container that is being made, so that a restart can take it back. */
export function noteVolume(core: Core, vmid: number, id: string): void {
  core.making.update((value) => {
    const making = value[vmid];
    if (making !== undefined) value[vmid] = { ...making, volumes: [...making.volumes, id] };
  });
}

/** Takes the vmid. From now on the container shows with `lock: create` until the task that follows has ended. */
export function reserve(core: Core, vmid: number): void {
  core.making.update((value) => {
    value[vmid] = { volumes: [] };
  });
  core.guests.reserve(vmid);
}

/** Marks a container that is to be replaced; a kill brings its config back. */
export function reserveOver(core: Core, vmid: number, before: GuestConfig): void {
  core.making.update((value) => {
    value[vmid] = { volumes: [], replaces: printConfig(before) };
  });
  core.guests.write('lxc', vmid, { ...before, values: { ...before.values, lock: 'create' } });
}

/** The container is made. */
export function finish(core: Core, vmid: number): void {
  core.making.update((value) => {
    delete value[vmid];
  });
}

/** Removes a half-made container and the volumes that were made for it, and nothing else; one to be replaced comes back. */
export async function takeBack(core: Core, vmid: number): Promise<void> {
  const { volumes, replaces } = core.making.value[vmid] ?? { volumes: [] };
  if (replaces === undefined) await core.backend.forget(vmid);
  for (const id of volumes) await core.volumes.free(id);
  if (replaces === undefined) core.guests.remove('lxc', vmid);
  else core.guests.writeText('lxc', vmid, replaces);
  finish(core, vmid);
}

/** After a kill: an aborted create leaves nothing. Locks of other kinds stay, as after a power cut. */
export async function removeHalfMade(core: Core): Promise<void> {
  for (const vmid of Object.keys(core.making.value)) await takeBack(core, Number(vmid));
}

/** Books and fills a volume that is a copy, noted like any other. */
export async function copyVolume(
  core: Core,
  vmid: number,
  from: { readonly id: string; readonly snapshot?: string },
  to: { readonly storage: string; readonly linked: boolean },
  task: { readonly log: (line: string) => void; readonly signal: AbortSignal },
): Promise<string> {
  const record = await core.volumes.copy(core.volumes.get(from.id), vmid, to, from.snapshot, task);
  noteVolume(core, vmid, volid(record));
  return volid(record);
}

export function addToPool(core: Core, pool: string, vmid: number): void {
  core.accessStore.update((data) => {
    const entry = data.pools[pool];
    if (entry !== undefined) data.pools[pool] = { ...entry, vms: [...entry.vms, vmid] };
  });
}

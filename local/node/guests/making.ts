import type { Core, Making } from '../core.ts';
import { volid } from '../store/volumes.ts';
import { type GuestConfig, printConfig } from './config.ts';

function note(core: Core, vmid: number, add: (making: Making) => Making): void {
  core.making.update((value) => {
    const making = value[vmid];
    if (making !== undefined) value[vmid] = add(making);
  });
}

/** Notes a volume under the container that is being made, before it is there, so that a restart can take it back. */
export function noteVolume(core: Core, vmid: number, id: string): void {
  note(core, vmid, (making) => ({ ...making, volumes: [...making.volumes, id] }));
}

/** Notes that a volume is about to get another name. */
export function noteRenaming(core: Core, vmid: number, from: string, to: string): void {
  note(core, vmid, (making) => ({ ...making, renamed: [...(making.renamed ?? []), { from, to }] }));
}

/** Takes the vmid. From now on the container shows with `lock: create` until the task that follows has ended. */
export function reserve(core: Core, vmid: number): void {
  core.making.update((value) => {
    value[vmid] = { volumes: [] };
  });
  core.guests.reserve(vmid);
}

/** Notes a container's config as it is before a change of several steps: a kill brings it back, unlocked. */
export function noteBefore(core: Core, vmid: number, before: GuestConfig): void {
  core.making.update((value) => {
    value[vmid] = { volumes: [], replaces: printConfig(before) };
  });
}

/** As `noteBefore`, and locks the container meanwhile. */
export function reserveOver(core: Core, vmid: number, before: GuestConfig, lock: string): void {
  noteBefore(core, vmid, before);
  core.guests.write('lxc', vmid, { ...before, values: { ...before.values, lock } });
}

/** From now on there is no way back to the container that is being replaced. */
export function giveUpReplaced(core: Core, vmid: number): void {
  note(core, vmid, ({ volumes }) => ({ volumes }));
}

/** Locks a container that the task only reads; a kill takes the lock off it. */
export function hold(core: Core, vmid: number, config: GuestConfig, lock: string): void {
  core.making.update((value) => {
    value[vmid] = { volumes: [], lock };
  });
  core.guests.write('lxc', vmid, { ...config, values: { ...config.values, lock } });
}

/** What is left to do when the container is as it is to be: these volumes are not needed any more. */
export function noteRest(core: Core, vmid: number, volumes: readonly string[], lock: string): void {
  core.making.update((value) => {
    value[vmid] = { volumes, lock };
  });
}

/** From now on the container's volumes are of different times, until all are rolled back. */
export function noteRollback(core: Core, vmid: number, snapshot: string): void {
  core.making.update((value) => {
    value[vmid] = { volumes: [], rollback: snapshot };
  });
}

/** The containers are as they are to be, all at once. */
export function finish(core: Core, ...vmids: readonly number[]): void {
  core.making.update((value) => {
    for (const vmid of vmids) delete value[vmid];
  });
}

function unlock(core: Core, vmid: number, lock: string): void {
  if (!core.guests.has('lxc', vmid)) return;
  const { config } = core.guests.read('lxc', vmid);
  if (config.values.lock !== lock) return;
  delete config.values.lock;
  core.guests.write('lxc', vmid, config);
}

/**
 * Ends a task's work on a container, whatever became of it: what it made and did not finish goes, a container that was
 * there before comes back as it was, a half-made one is removed.
 */
export async function takeBack(core: Core, vmid: number): Promise<void> {
  const making = core.making.value[vmid];
  if (making === undefined) return;
  const { volumes, replaces, lock, renamed = [] } = making;
  const isNew = replaces === undefined && lock === undefined;
  if (isNew) await core.backend.forget(vmid);
  for (const { from, to } of [...renamed].reverse()) await core.volumes.putBack(from, to);
  for (const id of volumes) await core.volumes.free(id);
  if (replaces !== undefined) core.guests.writeText('lxc', vmid, replaces);
  else if (lock !== undefined) unlock(core, vmid, lock);
  else core.guests.remove('lxc', vmid);
  finish(core, vmid);
}

/** Books and fills a volume that is a copy, noted like any other. */
export async function copyVolume(
  core: Core,
  vmid: number,
  from: { readonly id: string; readonly snapshot?: string; readonly size?: number },
  to: { readonly storage: string; readonly linked: boolean },
  task: { readonly log: (line: string) => void; readonly signal: AbortSignal },
): Promise<string> {
  const { id, ...rest } = from;
  const onName = (made: string): void => noteVolume(core, vmid, made);
  return volid(await core.volumes.copy(core.volumes.get(id), { ...to, ...rest, vmid, onName }, task));
}

export function addToPool(core: Core, pool: string, vmid: number): void {
  core.accessStore.update((data) => {
    const entry = data.pools[pool];
    if (entry !== undefined) data.pools[pool] = { ...entry, vms: [...entry.vms, vmid] };
  });
}

import { isGitopsError } from '../../model/errors.ts';
import { volumeOf } from '../../model/property-string.ts';
import type { ReplacementFacts, Seen } from '../../model/replacement.ts';
import type { StoredVolume } from '../../model/resources.ts';
import { storageOfVolume } from '../../model/volid.ts';
import { isWayPointOf, parseWayPoint } from '../../model/way-point.ts';
import { type FoundBackup, replaceBackups } from '../back/replace-backups.ts';
import { call, DEADLINES } from '../deadlines.ts';
import { makingTask } from '../making.ts';
import type { Memory, PromoteInput } from './context.ts';

export interface Observed {
  readonly archives: readonly FoundBackup[];
}

/** Everything that decides the next step, as it is now. */
export async function gather(input: PromoteInput, memory: Memory): Promise<ReplacementFacts> {
  const { vmids, inPlace, backup, absent, goal } = input;
  const [seen, candidate] = await Promise.all([input.converge.observe(), observeCandidate(input)]);
  const live = seen.kind === 'absent' ? undefined : { state: seen.state, mark: seen.mark, text: seen.text };
  const begun = live?.mark.promotion ?? candidate?.mark.promotion;
  memory.archives ??= begun === undefined ? [] : await listArchives(input, begun.id);
  const record = candidate?.mark.promotion?.record;
  const renewed = live?.mark.promotion?.renewed === true;
  const [snapshots, stored] = await Promise.all([
    live === undefined || renewed ? [] : listSnapshots(input, live),
    memory.look || candidate?.mark.promotion?.back === true
      ? listVolumes(input, [live, candidate], [...Object.values(record?.slots ?? {}), record?.rootVolume ?? ''])
      : undefined,
  ]);
  return {
    vmids,
    inPlace,
    backup,
    absent,
    ...(goal === undefined ? {} : { goal }),
    ...(live === undefined ? {} : { live }),
    ...(candidate === undefined ? {} : { candidate }),
    archives: memory.archives,
    snapshots,
    ...(stored === undefined ? {} : { stored: stored.filter(({ volid }) => volid !== memory.left) }),
    ...(memory.unrestorable === undefined ? {} : { unrestorable: memory.unrestorable }),
    changes: renewed && !absent && input.changes(live).length > 0,
  };
}

/**
 * undefined: it is not there. Another one with its vmid throws kind not-ours. Under a pool's rights one that is not
 * there may not even be asked for.
 */
export async function observeCandidate(input: PromoteInput): Promise<Seen | undefined> {
  const { inventory, containers } = input.ports;
  const { node, vmids, signal } = input;
  const read = call(DEADLINES.read, signal);
  const look = async () => {
    try {
      return await inventory.container(node, vmids.candidate, read);
    } catch (error) {
      if (!isGitopsError(error) || error.remote.status !== 403) throw error;
      if (await inventory.vmidFree(vmids.candidate, read)) return undefined;
      throw error;
    }
  };
  const state = await look();
  // What is cloned from another node's image stands there until it is whole.
  if (state === undefined && (await inventory.vmidFree(vmids.candidate, read))) return undefined;
  if (state !== undefined && state.lock !== 'create') return input.claim(state);
  const task = await makingTask(inventory, node, vmids.candidate, read);
  if (task !== undefined) {
    await containers.settle(task.node, task.upid, call(DEADLINES.create, signal)).catch(() => undefined);
  }
  const settled = await look();
  return settled === undefined ? undefined : input.claim(settled);
}

/** On every storage that takes backups: settings may have changed since. */
async function listArchives(input: PromoteInput, id: string): Promise<Observed['archives']> {
  const { vmids } = input;
  const all = await replaceBackups(input, input.newMark(vmids.live, ''), [vmids.live, vmids.candidate]);
  return all.filter((entry) => entry.id === id);
}

/** Ours, and those that git names, may go. */
async function listSnapshots(input: PromoteInput, live: Seen): Promise<ReplacementFacts['snapshots']> {
  const { ports, node, vmids, signal, dropSnapshots } = input;
  const list = await ports.snapshots.list(node, vmids.live, call(DEADLINES.read, signal));
  return list.map(({ name, description }) => {
    const point = parseWayPoint(description);
    const ours = point !== undefined && isWayPointOf(point, live.mark);
    return { name, droppable: ours || dropSnapshots.includes(name) };
  });
}

async function listVolumes(
  input: PromoteInput,
  both: readonly (Seen | undefined)[],
  recorded: readonly string[],
): Promise<readonly StoredVolume[]> {
  const { ports, node, vmids, signal } = input;
  const configs = both.flatMap((seen) => Object.entries(seen?.state.config ?? {}));
  const named = configs.flatMap(([key, value]) => (/^(rootfs|(mp|unused)\d+)$/.test(key) ? [value] : []));
  const volids = [...named, ...recorded].map(volumeOf).filter((volid) => !volid.startsWith('/'));
  const storages = [...new Set(volids.map(storageOfVolume))].filter((storage) => storage !== '');
  const lists = storages.flatMap((storage) =>
    [vmids.live, vmids.candidate].map((vmid) => ports.volumes.list(node, storage, vmid, call(DEADLINES.read, signal))),
  );
  return (await Promise.all(lists)).flat();
}

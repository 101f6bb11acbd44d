import type { PastState, Way } from '../../model/mark.ts';
import { call, DEADLINES } from '../deadlines.ts';
import type { Holding } from '../lease.ts';
import { type BackPorts, keptPoints } from './take.ts';

const keyOf = (way: Way): string =>
  way.kind === 'snapshot' ? `s:${way.name}` : way.kind === 'backup' ? `b:${way.volid}` : way.kind;

/** Storages that hold backups which marks name: nothing else is looked through. */
export function backupStoragesOf(states: readonly PastState[]): readonly string[] {
  const storages = states.flatMap(({ way }) => (way.kind === 'backup' ? [way.volid.split(':')[0] ?? ''] : []));
  return [...new Set(storages)];
}

/** Removes our way points that none of the states names; foreign snapshots and backups are never touched. */
export async function pruneWayPoints(
  ports: BackPorts,
  holding: Holding,
  keep: readonly PastState[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { node, vmid } = holding.state;
  const { attempt, history = [] } = holding.mark;
  const known = [...keep, ...history, ...(attempt === undefined ? [] : [attempt])];
  const wanted = new Set(keep.map((state) => keyOf(state.way)));
  const removed: string[] = [];
  for (const { way } of await keptPoints(ports, holding, backupStoragesOf(known), signal)) {
    if (wanted.has(keyOf(way))) continue;
    const deadline = call(DEADLINES.power, signal);
    if (way.kind === 'snapshot') await ports.snapshots.drop(node, vmid, way.name, deadline);
    else await ports.backups.remove(node, vmid, way.volid, deadline);
    removed.push(way.kind === 'snapshot' ? way.name : way.volid);
  }
  return removed;
}

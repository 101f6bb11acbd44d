import type { Backups, Snapshots } from '../../model/container-ports.ts';
import type { Attempt, Mark, Way } from '../../model/mark.ts';
import type { ContainerState } from '../../model/observed.ts';
import type { Step } from '../../model/plan.ts';
import { formatWayPoint, isWayPointOf, parseWayPoint, snapshotName, type WayPoint } from '../../model/way-point.ts';
import { call, DEADLINES } from '../deadlines.ts';
import type { Holding, LeasePorts } from '../lease.ts';

export type BackPorts = LeasePorts & { readonly snapshots: Snapshots; readonly backups: Backups };

/** What a plan has decided for a container; `storage` takes the archive of a backup. */
export type ChosenWay =
  | { readonly kind: 'snapshot' | 'converge' | 'none' }
  | { readonly kind: 'backup'; readonly storage: string };

/** Names of the identity's fields that a way point carries. */
export function pointOf(mark: Mark, at: string): WayPoint {
  const { site, owner, name, stage, vmid, commit, applied } = mark;
  return { site, owner, name, stage, vmid, at, applied, ...(commit === undefined ? {} : { commit }) };
}

/**
 * Keeps the state of a container that is good, before anything of it is changed. The answer is for the mark, which is
 * written before the change begins: a run that was killed in between finds a way point that no mark names, and takes
 * a new one.
 */
export async function takeWayBack(
  ports: BackPorts,
  { state, mark }: Holding,
  chosen: ChosenWay,
  trying: string | undefined,
  signal: AbortSignal,
): Promise<{ readonly attempt: Attempt; readonly summary: string }> {
  const now = ports.inventory.serverTime() ?? ports.clock.now();
  const at = now.toISOString();
  const notes = formatWayPoint(pointOf(mark, at));
  const kept = async (): Promise<{ readonly way: Way; readonly summary: string }> => {
    switch (chosen.kind) {
      case 'snapshot': {
        const name = unusedName(snapshotName(now), mark);
        const write = call(DEADLINES.power, signal);
        await ports.snapshots.take(state.node, state.vmid, { name, description: notes }, write);
        return { way: { kind: 'snapshot', name }, summary: `snapshot ${name}` };
      }
      case 'backup': {
        const { storage } = chosen;
        const wish = { vmid: state.vmid, storage, mode: 'suspend', notes } as const;
        const { backup } = await ports.backups.take(state.node, wish, call(DEADLINES.create, signal));
        return { way: { kind: 'backup', volid: backup.volid }, summary: `backup ${backup.volid}` };
      }
      case 'converge':
      case 'none':
        return { way: { kind: chosen.kind }, summary: chosen.kind === 'none' ? 'none' : 'the last good commit' };
      default:
        return chosen satisfies never;
    }
  };
  const { way, summary } = await kept();
  const attempt: Attempt = {
    at,
    way,
    ...(mark.commit === undefined ? {} : { commit: mark.commit }),
    ...(trying === undefined ? {} : { trying }),
  };
  return { attempt, summary };
}

/** What holds a disk stays as it is, and so does what the mark and our tag are written into. */
const NOT_PUT_BACK = /^(rootfs|mp\d+|unused\d+|dev\d+|description|tags|protection)$/;
/** Bytes of the mark's line that they may take. */
const FORMER_LIMIT = 1000;

/** Values that updates of a plan are about to change, as they are. Pure. */
export function formerValues(
  { config }: ContainerState,
  steps: readonly Step[],
): Readonly<Record<string, string>> | undefined {
  const keys = steps.flatMap((step) =>
    step.kind === 'update' && step.reserved !== true ? [...Object.keys(step.set), ...step.remove] : [],
  );
  const due = keys.filter((key) => !NOT_PUT_BACK.test(key)).map((key) => [key, config[key] ?? ''] as const);
  const values = Object.fromEntries(due);
  return due.length === 0 || Buffer.byteLength(JSON.stringify(values)) > FORMER_LIMIT ? undefined : values;
}

/** Two deploys can end within one second, which is all that a name tells. */
function unusedName(name: string, { attempt, history = [] }: Mark): string {
  const used = new Set(
    [attempt, ...history].flatMap((state) => (state?.way.kind === 'snapshot' ? [state.way.name] : [])),
  );
  let free = name;
  for (let count = 2; used.has(free); count += 1) free = `${name}_${count}`;
  return free;
}

/** Way points of this container and of nobody else, wherever they are kept. */
export interface KeptPoint {
  readonly at: string;
  readonly way: Extract<Way, { kind: 'snapshot' | 'backup' }>;
  readonly point: WayPoint;
}

export async function keptPoints(
  ports: BackPorts,
  { state, mark }: Holding,
  backupStorages: readonly string[],
  signal: AbortSignal,
): Promise<readonly KeptPoint[]> {
  const { node, vmid } = state;
  const read = call(DEADLINES.read, signal);
  const found: KeptPoint[] = [];
  for (const snapshot of await ports.snapshots.list(node, vmid, read)) {
    const point = parseWayPoint(snapshot.description);
    if (point === undefined || !isWayPointOf(point, mark)) continue;
    found.push({ at: point.at, way: { kind: 'snapshot', name: snapshot.name }, point });
  }
  for (const storage of backupStorages) {
    for (const backup of await ports.backups.list(node, storage, vmid, read)) {
      if (backup.protected) continue;
      const point = parseWayPoint(await ports.backups.notes(node, backup.volid, read));
      if (point === undefined || !isWayPointOf(point, mark)) continue;
      found.push({ at: point.at, way: { kind: 'backup', volid: backup.volid }, point });
    }
  }
  return found.toSorted((a, b) => Date.parse(b.at) - Date.parse(a.at));
}

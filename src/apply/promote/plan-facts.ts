import { isGitopsError } from '../../model/errors.ts';
import type { Ports, Shell } from '../../model/ports.ts';
import type { ReplaceFacts } from '../../model/replacement.ts';
import { isWayPointOf, parseWayPoint } from '../../model/way-point.ts';
import { call, DEADLINES } from '../deadlines.ts';
import type { Holding } from '../lease.ts';
import { looseData } from './look-inside.ts';

export interface PlanFactsInput {
  readonly ports: Pick<Ports, 'inventory' | 'snapshots' | 'surroundings'>;
  readonly candidate: number;
  readonly addresses: ReplaceFacts['addresses'];
  /** Snapshots that git lets go. */
  readonly dropSnapshots: readonly string[];
  /** Into the live one; throws when it cannot be reached. */
  shell(holding: Holding): Promise<Shell>;
  readonly signal: AbortSignal;
}

/** What a replace meets, and what it would leave behind. What this identity may not see is not known, and not there. */
export async function gatherReplaceFacts(input: PlanFactsInput, holding: Holding): Promise<ReplaceFacts> {
  const { ports, candidate, addresses, dropSnapshots, signal } = input;
  const { state, mark } = holding;
  const read = call(DEADLINES.read, signal);
  const [storages, snapshots, rawLines, loose] = await Promise.all([
    ports.inventory.storages(state.node, read),
    ports.snapshots.list(state.node, state.vmid, read),
    quietly(ports.surroundings.rawLines(state.node, state.vmid, read), signal),
    state.running ? quietly(look(input, holding), signal) : undefined,
  ]);
  const fits = storages.filter(({ content, active, enabled }) => active && enabled && content.includes('backup'));
  const foreign = snapshots.filter(({ name, description }) => {
    const point = parseWayPoint(description);
    return !dropSnapshots.includes(name) && (point === undefined || !isWayPointOf(point, mark));
  });
  return {
    candidate,
    addresses,
    backupStorage: fits.toSorted((a, b) => b.available - a.available)[0]?.storage,
    foreignSnapshots: foreign.map(({ name }) => name),
    loose,
    rawLines: rawLines ?? [],
  };
}

async function look(input: PlanFactsInput, holding: Holding): Promise<ReplaceFacts['loose']> {
  return looseData(await input.shell(holding), input.signal);
}

async function quietly<T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (signal.aborted || !isGitopsError(error) || error.remote.status === 401) throw error;
    return undefined;
  }
}

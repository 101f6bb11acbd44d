import { GitopsError } from '../../model/errors.ts';
import type { MoveStep } from '../../model/plan.ts';
import { volumeOf } from '../../model/property-string.ts';
import { withoutSnapshots } from '../back/forget.ts';
import { rewriteMark } from '../back/settle.ts';
import type { ConvergeInput, Done, Observation } from '../context.ts';
import { call, DEADLINES } from '../deadlines.ts';
import type { Holding } from '../lease.ts';

type Present = Extract<Observation, { kind: 'present' }>;

/**
 * Copies a disk to another storage while the container is stopped; the server deletes the source once the config names the
 * copy. Cut off anywhere, the next look finds it at one of the two places, and what it was called stands in the mark.
 */
export async function move(input: ConvergeInput, step: MoveStep, seen: Holding): Promise<Done> {
  const { disk, volid, storage, drops, changes } = step;
  const { node, vmid } = seen.state;
  const { containers, volumes } = input.ports;
  const dropped = await dropSnapshots(input, seen, drops);
  if (seen.state.running) {
    await containers.shutdown(node, vmid, DEADLINES.graceSeconds, call(DEADLINES.power, input.signal));
  }
  const isNamed = Object.values(seen.mark.volumes ?? {}).includes(volid);
  const { state } = isNamed
    ? await rewriteMark(input, (mark) => ({ ...mark, moving: [{ key: disk, from: volid, storage }] }))
    : await present(input, vmid);
  if (volumeOf(state.config[disk] ?? '') !== volid) {
    throw new GitopsError('busy', `Unable to move ${disk} of container ${vmid}: it names ${volid} no more`);
  }
  const slot = { vmid, key: disk, digest: state.digest };
  const task = await volumes.move(node, slot, { storage }, call(DEADLINES.move, input.signal));
  const left = await removeSource(input, vmid, volid);
  const went = dropped.length === 0 ? '' : `; dropped: ${dropped.join(', ')}`;
  return {
    summary: `${disk} is on ${storage} (${task.volid})${went}`,
    warnings: [...task.warnings, ...left],
    changes,
  };
}

/** What is due for a move stopped the container: one that fails leaves it running, if it still can. */
export async function startAgain(input: ConvergeInput): Promise<void> {
  const seen = await input.observe();
  if (seen.kind === 'absent' || seen.state.running) return;
  await input.ports.containers.start(seen.state.node, seen.state.vmid, call(DEADLINES.power, input.signal));
}

/** First the mark, then the snapshots: what it names can be gone back to. */
export async function dropSnapshots(
  input: ConvergeInput,
  { state }: Holding,
  drops: readonly string[],
): Promise<readonly string[]> {
  if (drops.length === 0) return [];
  const { snapshots } = input.ports;
  const { node, vmid } = state;
  const there = (await snapshots.list(node, vmid, call(DEADLINES.read, input.signal))).map(({ name }) => name);
  const due = drops.filter((name) => there.includes(name));
  if (due.length === 0) return [];
  await rewriteMark(input, (mark) => withoutSnapshots(mark, due));
  for (const name of due) await snapshots.drop(node, vmid, name, call(DEADLINES.power, input.signal));
  return due;
}

/** A server that could not delete the source leaves it as unusedN: it is a copy of what is in use now. */
async function removeSource(input: ConvergeInput, vmid: number, volid: string): Promise<readonly string[]> {
  const { state } = await present(input, vmid);
  const unused = Object.entries(state.config).find(([key, value]) => /^unused\d+$/.test(key) && value === volid);
  if (unused === undefined) return [];
  const write = call(DEADLINES.power, input.signal);
  const change = { set: {}, remove: [unused[0]] };
  try {
    await input.ports.containers.update(state.node, vmid, change, state.digest, write);
    return [];
  } catch (error) {
    if (input.signal.aborted) throw error;
    return [`the old copy ${volid} stays as ${unused[0]}: ${error instanceof Error ? error.message : String(error)}`];
  }
}

async function present(input: ConvergeInput, vmid: number): Promise<Present> {
  const seen = await input.observe();
  if (seen.kind === 'present') return seen;
  throw new GitopsError('remote', `Unable to move a disk of container ${vmid}: it is gone`);
}

import { GitopsError } from '../../model/errors.ts';
import type { Mark, PastState } from '../../model/mark.ts';
import type { ConvergeInput, Observation } from '../context.ts';
import { newLease, writeMark } from '../lease.ts';
import { pruneWayPoints } from './prune.ts';
import type { BackPorts } from './take.ts';

/** How often a mark is written anew when somebody else changes the container at the same moment. */
const ATTEMPTS = 5;

type Present = Extract<Observation, { kind: 'present' }>;

/** Changes the mark of a container that this run holds, with the lease renewed, and reads it back. */
export async function rewriteMark(input: ConvergeInput, change: (mark: Mark) => Mark): Promise<Present> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const now = await input.observe();
    if (now.kind === 'absent' || now.mark.lease?.run !== input.ports.runs.id) break;
    const mark = { ...change(now.mark), lease: newLease(input.ports) };
    if (!(await writeMark(input.ports, now, mark, input.signal))) continue;
    const written = await input.observe();
    if (written.kind === 'present') return written;
  }
  throw new GitopsError('busy', 'Unable to write the owner mark: another run has taken the container');
}

/** The states that can be gone back to once the attempt has been proven, newest first, and the last that was asked for. */
export function historyAfter(mark: Mark, retained: number): readonly PastState[] {
  const { attempt, history = [] } = mark;
  if (attempt === undefined) return history;
  const { trying: _, before: __, ...past } = attempt;
  const all = past.way.kind === 'none' ? history : [past, ...history];
  const kept = all.slice(0, retained);
  const byHand = all.find((state) => state.byHand === true);
  return byHand === undefined || kept.includes(byHand) ? kept : [...kept, byHand];
}

/** What is kept from before a state; `history` begins with the newest. Several can be of one second. */
export function historyBefore(history: readonly PastState[], { at, commit }: PastState): readonly PastState[] {
  const index = history.findIndex((state) => state.at === at && state.commit === commit);
  if (index !== -1) return history.slice(index + 1);
  return history.filter((state) => Date.parse(state.at) <= Date.parse(at));
}

/** The change is proven: its way back becomes history, and what falls out of history is removed first. */
export async function settleAttempt(
  input: ConvergeInput & { readonly ports: BackPorts },
  seen: Present,
  retained: number,
): Promise<Observation> {
  const history = historyAfter(seen.mark, retained);
  await pruneWayPoints(input.ports, seen, history, input.signal);
  return rewriteMark(input, ({ attempt: _, bad: __, history: ___, ...mark }) =>
    history.length === 0 ? mark : { ...mark, history },
  );
}

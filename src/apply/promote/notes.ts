import { GitopsError } from '../../model/errors.ts';
import { formatDescription, type Mark } from '../../model/mark.ts';
import type { Promotion } from '../../model/promotion.ts';
import type { Seen } from '../../model/replacement.ts';
import { call, DEADLINES } from '../deadlines.ts';
import { assertFree, newLease } from '../lease.ts';
import type { PromoteInput } from './context.ts';
import { observeCandidate } from './observe-candidate.ts';

const ATTEMPTS = 5;

/** Changes the mark of one of the two by compare-and-set, with the lease renewed. Throws kind busy when it is lost. */
export async function note(input: PromoteInput, vmid: number, change: (mark: Mark) => Mark): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const now = await look(input, vmid);
    if (now === undefined || now.mark.lease?.run !== input.ports.runs.id) break;
    if (await write(input, now, change(now.mark))) return;
  }
  throw new GitopsError('busy', `Unable to write the owner mark of container ${vmid}: another run has taken it`);
}

export function notePromotion(input: PromoteInput, vmid: number, change: Partial<Promotion>): Promise<void> {
  return note(input, vmid, (mark) => {
    if (mark.promotion === undefined) throw new GitopsError('bug', `container ${vmid} is in no replace`);
    return { ...mark, promotion: { ...mark.promotion, ...change } };
  });
}

/** A candidate of an earlier run is taken over once that one is known to be gone. */
export async function takeCandidate(input: PromoteInput): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const seen = await observeCandidate(input);
    if (seen === undefined || seen.mark.lease?.run === input.ports.runs.id) return;
    await assertFree(input.ports, seen, input.signal);
    const now = await observeCandidate(input);
    if (now !== undefined && (await write(input, now, now.mark))) return;
  }
  throw new GitopsError('busy', `Unable to take the lease of candidate ${input.vmids.candidate}: it keeps changing`);
}

/** One that stays, because it failed or is proven by the next stretch, is held by nobody. */
export async function releaseCandidate(input: PromoteInput): Promise<void> {
  const seen = await observeCandidate(input);
  if (seen === undefined || seen.mark.lease?.run !== input.ports.runs.id) return;
  const { lease: _, ...mark } = seen.mark;
  const { vmid, node, digest } = seen.state;
  const write = call(DEADLINES.write, input.signal);
  await input.ports.marks.write(node, vmid, describe(vmid, seen.text, mark), digest, write);
}

/** Both leases, as far as the server lets them be written now: a backup or a restore locks one of them. */
export async function renewBoth(input: PromoteInput): Promise<void> {
  for (const vmid of [input.vmids.live, input.vmids.candidate]) {
    await note(input, vmid, (mark) => mark).catch((error: unknown) => {
      if (input.signal.aborted) throw error;
    });
  }
}

async function look(input: PromoteInput, vmid: number): Promise<Seen | undefined> {
  if (vmid === input.vmids.candidate) return observeCandidate(input);
  const seen = await input.converge.observe();
  return seen.kind === 'absent' ? undefined : seen;
}

function write(input: PromoteInput, { state, text }: Seen, mark: Mark): Promise<boolean> {
  const description = describe(state.vmid, text, { ...mark, lease: newLease(input.ports) });
  return input.ports.marks.write(
    state.node,
    state.vmid,
    description,
    state.digest,
    call(DEADLINES.write, input.signal),
  );
}

/** A mark has a limit, and one of a replace notes every volume and interface. Throws kind user beyond it. */
export function describe(vmid: number, text: string, mark: Mark): string {
  try {
    return formatDescription(text, mark);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new GitopsError(
      'user',
      `Unable to replace container ${vmid}: ${error.message} is more than there is room for`,
      {
        cause: error,
        advice: ['it has too many volumes or interfaces to be noted in its description'],
      },
    );
  }
}

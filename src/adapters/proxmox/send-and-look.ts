import type { Session } from './api.ts';
import { Failure } from './failure.ts';
import { pauseMs } from './retry.ts';

/** A request that was let in may wait 10 s for the config's lock file before it does its work (facts, 5). */
export const LOOK_FOR_MS = 12_000;
const LONGEST_PAUSE_MS = 2000;

/** The answer's fate is unknown, the work may have happened; not a task that is known and still runs. */
export function isUncertain(error: unknown): boolean {
  return error instanceof Failure && error.uncertain && error.detail.kind !== 'unsettled';
}

/**
 * Looks until there is an answer or the time for late work is over; then throws `lost`. `look` gives undefined as long
 * as nothing is to be seen.
 */
export async function lookFor<T>(
  session: Session,
  lost: unknown,
  look: () => Promise<T | undefined>,
  signal: AbortSignal,
): Promise<T> {
  for (let attempt = 1, waited = 0; ; attempt += 1) {
    const found = await look();
    if (found !== undefined) return found;
    if (waited >= LOOK_FOR_MS) throw lost;
    const pause = Math.min(LONGEST_PAUSE_MS, pauseMs(attempt));
    await session.clock.sleep(pause, signal);
    waited += pause;
  }
}

/** A write without a task. When its answer is lost, what it was to bring about is looked for; it is not sent again. */
export async function sendAndLook(
  session: Session,
  send: () => Promise<unknown>,
  done: () => Promise<boolean>,
  signal: AbortSignal,
): Promise<void> {
  try {
    await send();
  } catch (error) {
    if (!isUncertain(error) || signal.aborted) throw error;
    await lookFor(session, error, async () => ((await done()) ? true : undefined), signal);
  }
}

import { isGitopsError } from './model/errors.ts';
import type { Ports } from './model/ports.ts';

/** A deploy may hold a container for as long as its script runs; a job of the forge has hours. */
const LIMIT_MS = 20 * 60_000;
const LONGEST_PAUSE_MS = 10_000;

/**
 * Does the work once nobody else is at work on the container: of two pushes in quick succession the later one would else end red,
 * and what it brings would stay undeployed. Whatever else is busy is not waited for: what a container depends on may be
 * deployed by the very job that waits behind this one. The work has changed nothing when it throws.
 */
export async function whenFree<T>(
  { clock, reporter }: Pick<Ports, 'clock' | 'reporter'>,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  const until = clock.now().getTime() + LIMIT_MS;
  for (let pause = 500; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    try {
      return await work();
    } catch (error) {
      if (!isHeld(error) || signal.aborted || clock.now().getTime() + pause > until) throw error;
      if (pause === 500) reporter.tell({ kind: 'note', text: `${error.message}: waiting for it` });
      await clock.sleep(pause, signal);
    }
  }
}

/** By a lease of another run, or by a lock of Proxmox VE. */
function isHeld(error: unknown): error is Error {
  if (!isGitopsError(error) || error.kind !== 'busy') return false;
  return /^Unable to change container \d+: (?:a run holds it|it is locked)/.test(error.message);
}

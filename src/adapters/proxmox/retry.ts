import { Failure, failureText, isGatewayStatus } from './failure.ts';

export const READ_ATTEMPTS = 3;
export const WRITE_ATTEMPTS = 3;

/** 200, 600, 1800 ms … */
export function pauseMs(attempt: number): number {
  return 200 * 3 ** (attempt - 1);
}

/** Refused connections and untrusted certificates stay as they are; what broke on the way may go better. */
export function mayRepeatRead(error: unknown): boolean {
  if (!(error instanceof Failure)) return false;
  const { detail } = error;
  if (detail.kind === 'answered') return isGatewayStatus(detail.status) || isBeforeWork(error);
  if (detail.kind === 'unanswered') return detail.passing;
  return detail.kind === 'lost' || detail.kind === 'stalled';
}

/**
 * A lock file that another one held: any, or the one that a config is changed under where a create or a restore says so in
 * its own words, since it takes that before there is a task.
 */
const LOCK_HELD =
  /^can't lock file '[^']*' - got timeout|^unable to (create|restore) CT \d+ - can't lock file '[^']*\/pve-config-\d+\.lock' - got timeout/;

/**
 * Texts that Proxmox VE gives before it has begun any work: the worker was not started, or another one held the lock
 * file for 5 or 10 s (rows 900, 902: as an answer, and as the end of a task).
 */
export function isBeforeWork(error: unknown): boolean {
  const text = failureText(error) ?? '';
  return text.includes('got no worker upid') || LOCK_HELD.test(text);
}

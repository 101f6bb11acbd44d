import type { Call } from '../../model/ports.ts';
import { explain } from './explain.ts';
import { Failure } from './failure.ts';

/** The longest time that a timer can hold, a little under 25 days. */
const LONGEST_MS = 2 ** 31 - 1;

/**
 * Runs one call of a port under its deadline and signal, and puts what goes wrong into words: `Unable to <what>: …`.
 * `run` is told how many milliseconds are left at any time. Throws GitopsError only.
 */
export async function operate<T>(
  what: string,
  call: Call,
  run: (signal: AbortSignal, leftMs: () => number) => Promise<T>,
): Promise<T> {
  const began = performance.now();
  const ending = new AbortController();
  const ms = Math.min(call.timeoutMs, LONGEST_MS);
  const timer = setTimeout(() => ending.abort(new Failure({ kind: 'late', ms })), ms);
  const cancel = (): void => ending.abort(new Failure({ kind: 'cancelled' }, { cause: call.signal.reason }));
  call.signal.addEventListener('abort', cancel, { once: true });
  try {
    if (call.signal.aborted) cancel();
    ending.signal.throwIfAborted();
    return await run(ending.signal, () => ms - (performance.now() - began));
  } catch (error) {
    // A pause that was cut short rejects with whatever the clock gives.
    throw explain(what, ending.signal.aborted && !(error instanceof Failure) ? ending.signal.reason : error);
  } finally {
    clearTimeout(timer);
    call.signal.removeEventListener('abort', cancel);
  }
}

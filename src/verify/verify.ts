import type { HealthCheck } from '../model/definition.ts';
import type { CheckResult } from '../model/outcome.ts';
import type { Call, Clock, Event, Shell } from '../model/ports.ts';
import { type Check, runRound } from './round.ts';

export interface VerifyOptions {
  /** How long a service may take to become healthy, in ms. */
  readonly deadlineMs: number;
  /** Between two rounds, in ms. */
  readonly intervalMs: number;
}

/**
 * Runs the checks until all are good in the same round or the deadline has passed; the last round's results are returned
 * and told. Without checks: no failed units. `call.timeoutMs` bounds one round; a round that cannot run throws.
 */
export async function verify(
  shell: Shell,
  checks: readonly HealthCheck[],
  options: VerifyOptions,
  clock: Clock,
  call: Call,
  tell: (event: Event) => void,
): Promise<readonly CheckResult[]> {
  const asked: readonly Check[] = checks.length === 0 ? [{ kind: 'system' }] : checks;
  const end = clock.now().getTime() + options.deadlineMs;
  let shown = '';
  for (;;) {
    const results = await runRound(shell, asked, call);
    const left = end - clock.now().getTime();
    if (results.every((result) => result.ok) || left <= 0) {
      for (const result of results) tell({ kind: 'check', result });
      return results;
    }
    const waiting = results.filter((result) => !result.ok).map(firstLine);
    if (waiting.join('\n') !== shown) for (const text of waiting) tell({ kind: 'line', text: `waiting for ${text}` });
    shown = waiting.join('\n');
    await clock.sleep(Math.min(options.intervalMs, left), call.signal);
  }
}

function firstLine(result: CheckResult): string {
  return `${result.check}: ${result.detail.split('\n')[0] ?? ''}`;
}

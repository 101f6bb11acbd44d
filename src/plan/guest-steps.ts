import type { Desired } from '../model/desired.ts';
import type { Mark } from '../model/mark.ts';
import type { Step } from '../model/plan.ts';

/** Hashes of what the guest steps would bring about; a step is due when the mark has another one. */
export interface Due {
  readonly baseline: string;
  /** undefined: this stretch does not configure. */
  readonly configuration: string | undefined;
  /** Configure although the hash is the same (dispatch, --force). */
  readonly force: boolean;
}

export function guestSteps(mark: Mark, due: Due, desired: Desired): Step[] {
  const steps: Step[] = [];
  const why = (applied: string | undefined, what: string): string =>
    applied === undefined ? `${what} has not been applied yet` : `${what} has changed`;
  if (mark.applied.baseline !== due.baseline) {
    steps.push({ kind: 'baseline', reason: why(mark.applied.baseline, 'the baseline'), disruption: 'none' });
  } else if (mark.borrowedKeys === true) {
    const reason = 'it has the SSH host keys of its image';
    steps.push({ kind: 'baseline', reason, disruption: 'none' });
  }
  if (due.configuration === undefined || desired.engine === 'none') return steps;
  const same = mark.applied.configuration === due.configuration;
  if (!same || due.force) {
    const reason = same ? 'asked for' : why(mark.applied.configuration, 'the configuration');
    steps.push({ kind: 'configure', reason, disruption: 'none' });
  }
  return steps;
}

/** Of a container that is about to be made. */
export function firstGuestSteps(due: Due, desired: Desired): Step[] {
  const reason = 'it is new';
  const configures = due.configuration !== undefined && desired.engine !== 'none';
  return [
    { kind: 'baseline', reason, disruption: 'none' },
    ...(configures ? [{ kind: 'configure', reason, disruption: 'none' } as const] : []),
  ];
}

import { isGitopsError } from '../model/errors.ts';
import type { Outcome } from '../model/outcome.ts';

/** Exit codes of the command line and of the actions (docs/exit-codes.md). */
export const EXIT = {
  ok: 0,
  bug: 1,
  changes: 2,
  user: 3,
  remote: 4,
  busy: 5,
  notOurs: 6,
  rolledBack: 7,
  notRolledBack: 8,
  host: 9,
} as const;

export function exitCodeOfError(error: unknown): number {
  if (!isGitopsError(error)) return EXIT.bug;
  switch (error.kind) {
    case 'user':
      return EXIT.user;
    case 'remote':
      return EXIT.remote;
    case 'busy':
      return EXIT.busy;
    case 'not-ours':
      return EXIT.notOurs;
    case 'host':
      return EXIT.host;
    case 'bug':
      return EXIT.bug;
    default:
      return error.kind satisfies never;
  }
}

/** @param detailed a plan with steps ends with 2 (`plan --detailed-exitcode`) */
export function exitCodeOf(outcome: Outcome, detailed = false): number {
  // A failure that ended with 0 would be green in a forge.
  if (outcome.kind === 'failed') return outcome.exitCode === EXIT.ok ? EXIT.bug : outcome.exitCode;
  if (outcome.kind === 'planned' && detailed && outcome.plan.steps.length > 0) return EXIT.changes;
  return EXIT.ok;
}

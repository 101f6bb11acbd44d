import { GitopsError, isGitopsError } from '../../model/errors.ts';

/** A replace that did not come about. `rolledBack`: what was before serves again, and was seen to. */
export class ReplaceFailure extends GitopsError {
  readonly rolledBack: boolean;
  readonly serving: string;

  constructor(cause: unknown, serving: string, rolledBack: boolean) {
    const message = cause instanceof Error ? cause.message : String(cause);
    const known = isGitopsError(cause) ? { ...cause.remote, advice: cause.advice } : {};
    super(isGitopsError(cause) ? cause.kind : 'bug', message, { ...known, cause });
    this.name = 'ReplaceFailure';
    this.serving = serving;
    this.rolledBack = rolledBack;
  }
}

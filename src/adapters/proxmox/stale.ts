import { Failure } from './failure.ts';

/** What the server would say of a call that no longer fits, so that it reads the same whoever notices first. */
export function stale(text: string): Failure {
  return new Failure({ kind: 'answered', status: 500, text, fields: {} });
}

import { GitopsError } from '../model/errors.ts';
import type { Plan } from '../model/plan.ts';

/** Throws for a plan that cannot be carried out, before anything is changed. */
export function refuse(plan: Plan): void {
  const [first, ...more] = plan.refusals;
  if (first !== undefined) {
    const advice = [...first.advice, ...more.map(({ reason }) => `beside it: ${reason}`)];
    throw new GitopsError(first.kind, first.reason, { advice });
  }
}

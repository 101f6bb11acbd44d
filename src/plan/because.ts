import type { ReplacementAction } from '../model/replacement.ts';

export function because<Action extends ReplacementAction>(
  reason: string,
  action: Action,
): Action & { readonly reason: string } {
  return { ...action, reason };
}

import type { Core } from './core.ts';
import { ApiError } from './http/answer.ts';

/** Creates, clones and starts ask for quorum first (rows 1044 and 1052). */
export function assertQuorum(core: Core): void {
  if (!core.cluster.quorate) throw new ApiError(500, 'cluster not ready - no quorum?');
}

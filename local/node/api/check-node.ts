import type { Core } from '../core.ts';
import { ApiError } from '../http/answer.ts';
import type { Value } from '../http/parameters.ts';

/** A call for another node would be passed on to it; there is none. */
export function checkNode(core: Core, asked: Value | undefined): void {
  const { node } = core.profile;
  if (typeof asked !== 'string' || asked === node || asked === 'localhost') return;
  if (asked.toLowerCase() === node) {
    throw new ApiError(596, 'error:0A000086:SSL routines::certificate verify failed');
  }
  throw new ApiError(
    500,
    `hostname lookup '${asked}' failed - failed to get address info for: ${asked}: Temporary failure in name resolution`,
  );
}

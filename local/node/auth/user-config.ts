import type { Core } from '../core.ts';
import { ApiError, errorText } from '../http/answer.ts';

/** An exception of Proxmox VE inside another one's text: its code stands before it. */
function innerText(error: unknown): string {
  const text = errorText(error).replace(/\n$/, '');
  return error instanceof ApiError && error.status !== 500 ? `${error.status} ${text}` : text;
}

/**
 * A change of user.cfg (users, tokens, roles, ACLs, pools): needs quorum, and whatever goes wrong is a 500 that begins
 * with what was to be done.
 */
export function changeUserConfig<T>(core: Core, what: string, work: () => T): T {
  if (!core.cluster.quorate) throw new ApiError(500, `${what}: cfs-lock 'file-user_cfg' error: no quorum!`);
  try {
    return work();
  } catch (error) {
    throw new ApiError(500, `${what}: ${innerText(error)}`);
  }
}

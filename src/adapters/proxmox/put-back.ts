import type { ContainerState } from '../../model/observed.ts';
import { api, type ConfigBody, type Session } from './api.ts';
import { observe } from './container-state.ts';
import { Failure, isStale } from './failure.ts';
import { nodeName, vmidPart } from './names.ts';

/**
 * After a PUT that failed: gives interfaces their old values again, where the server stored the new one although it
 * could not bring it about (a bridge that does not exist, on a stopped container; facts, 6). Returns the error to throw:
 * the first one, marked uncertain when the config is not what it was.
 */
export async function putBack(
  session: Session,
  before: ContainerState,
  keys: readonly string[],
  error: unknown,
  signal: AbortSignal,
): Promise<unknown> {
  if (!(error instanceof Failure) || error.detail.kind !== 'answered' || isStale(error) || error.uncertain)
    return error;
  const { node, vmid } = before;
  try {
    const now = await observe(session, node, vmid, signal);
    if (now === undefined || now.digest === before.digest) return error;
    const differing = keys.filter(
      (key) => now.config[key] !== before.config[key] || now.pending[key] !== before.pending[key],
    );
    const set = differing.flatMap((key) => (before.config[key] === undefined ? [] : [[key, before.config[key]]]));
    const remove = differing.filter((key) => before.config[key] === undefined);
    if (differing.length > 0) {
      const deletion = remove.length === 0 ? {} : { delete: remove.join(',') };
      const body = { ...Object.fromEntries(set), ...deletion, digest: now.digest } as ConfigBody;
      await api(session, signal).nodes.$(nodeName(node)).lxc.$(vmidPart(vmid)).config.$put(body);
    }
  } catch (failure) {
    session.debug?.(`the interfaces of container ${vmid} could not be put back: ${String(failure)}`);
  }
  return new Failure(error.detail, { cause: error.cause ?? error, uncertain: true });
}

import type { ContainerState } from '../../model/observed.ts';
import { api, type ConfigBody, type Session } from './api.ts';
import { observe } from './container-state.ts';
import { Failure, isStale } from './failure.ts';
import { nodeName, vmidPart } from './names.ts';

/**
 * After a PUT that was refused: gives interfaces their old values again, where the server stored the new one although it
 * could not bring it about (a bridge that does not exist, on a stopped container; facts, 6). Returns the error to throw:
 * the first one, which says so when the bad value could not be taken back.
 */
export async function putBack(
  session: Session,
  before: ContainerState,
  keys: readonly string[],
  error: unknown,
  signal: AbortSignal,
): Promise<unknown> {
  if (!(error instanceof Failure) || error.detail.kind !== 'answered') return error;
  if (isStale(error) || error.uncertain || error.detail.status === 403) return error;
  try {
    await restore(session, before, keys, signal);
    return error;
  } catch (failure) {
    const text = `${error.detail.text}; ${keys.join(', ')} may be stored all the same, and could not be put back`;
    return new Failure({ ...error.detail, text }, { cause: failure });
  }
}

async function restore(
  session: Session,
  before: ContainerState,
  keys: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const { node, vmid } = before;
  const now = await observe(session, node, vmid, signal);
  if (now === undefined || now.digest === before.digest) return;
  const differing = keys.filter(
    (key) => now.config[key] !== before.config[key] || now.pending[key] !== before.pending[key],
  );
  if (differing.length === 0) return;
  const set = differing.flatMap((key) => (before.config[key] === undefined ? [] : [[key, before.config[key]]]));
  const remove = differing.filter((key) => before.config[key] === undefined);
  const deletion = remove.length === 0 ? {} : { delete: remove.join(',') };
  const body = { ...Object.fromEntries(set), ...deletion, digest: now.digest } as ConfigBody;
  await api(session, signal).nodes.$(nodeName(node)).lxc.$(vmidPart(vmid)).config.$put(body);
}

import { isGitopsError } from '../model/errors.ts';
import { type Mark, parseDescription } from '../model/mark.ts';
import type { Guest } from '../model/observed.ts';
import type { Inventory } from '../model/ports.ts';
import { call, DEADLINES } from './deadlines.ts';

export interface CandidateSearch {
  readonly inventory: Pick<Inventory, 'container' | 'vmidFree'>;
  /** vmid of the candidate that a replace builds for a container. */
  candidateOf(vmid: number): number;
  /** Whether a mark is this run's, whatever its role. */
  matches(mark: Mark): boolean;
  readonly signal: AbortSignal;
}

/**
 * The candidate of a container that is not there: a replace was cut off while it took its place, and what the container
 * had is with it. Making a new one would be wrong then.
 */
export async function findCandidate(
  search: CandidateSearch,
  guests: readonly Guest[],
  missing: { readonly vmid: number; readonly node: string },
): Promise<{ readonly node: string; readonly candidate: number } | undefined> {
  const candidate = search.candidateOf(missing.vmid);
  const guest = guests.find(({ vmid }) => vmid === candidate);
  if (guest?.type === 'qemu') return undefined;
  // One that was made seconds ago may not be listed yet.
  const node = guest?.node ?? missing.node;
  const mark = await markOf(search, node, candidate);
  const promoted = mark?.promotion?.other === missing.vmid && mark.role === 'candidate' && mark.vmid === candidate;
  return promoted && search.matches(mark) ? { node, candidate } : undefined;
}

async function markOf({ inventory, signal }: CandidateSearch, node: string, vmid: number): Promise<Mark | undefined> {
  const read = call(DEADLINES.read, signal);
  try {
    const state = await inventory.container(node, vmid, read);
    return parseDescription(state?.config.description).mark;
  } catch (error) {
    // Under a pool's rights one that is not there may not even be asked for.
    if (!isGitopsError(error) || error.remote.status !== 403) throw error;
    if (await inventory.vmidFree(vmid, read)) return undefined;
    throw error;
  }
}

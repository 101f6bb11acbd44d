import { call, DEADLINES } from '../apply/deadlines.ts';
import { assertFree, writeMark } from '../apply/lease.ts';
import { isGitopsError } from '../model/errors.ts';
import { parseDescription } from '../model/mark.ts';
import type { Ports } from '../model/ports.ts';
import type { Settings } from '../model/settings.ts';
import { type ListedImage, listImages } from './list.ts';

/** What became of an image, with the reason. */
export interface Pruned {
  readonly name: string;
  readonly vmid: number;
  readonly node: string;
  readonly fate: 'removed' | 'kept' | 'would go';
  readonly reason: string;
}

/** Why an image stays; undefined: nobody needs it. Pure. */
export function whyKept({ state, ageDays, neededBy, image }: ListedImage, olderThanDays: number): string | undefined {
  if (state === 'current') return 'new containers are cloned from it';
  if (neededBy.length > 0) return `${neededBy.join(', ')} cannot be without it`;
  if (image.state.lock !== undefined) return `it is locked (${image.state.lock})`;
  if (state === 'old' && ageDays < olderThanDays)
    return `it is ${ageDays} days old, and kept until it is ${olderThanDays}`;
  return undefined;
}

/** Removes images that nobody needs any more; never what is not an image of this site. `dry`: only says which. */
export async function pruneImages(
  ports: Ports,
  settings: Settings,
  { olderThanDays, dry }: { readonly olderThanDays: number; readonly dry: boolean },
  signal: AbortSignal,
): Promise<Pruned[]> {
  const results: Pruned[] = [];
  for (const listed of await listImages(ports, settings, signal)) {
    const { vmid, node } = listed.image.state;
    const kept = whyKept(listed, olderThanDays) ?? (dry ? undefined : await remove(ports, listed, signal));
    const gone = listed.state === 'unfinished' ? 'it was never finished' : 'nobody needs it any more';
    const fate = kept !== undefined ? 'kept' : dry ? 'would go' : 'removed';
    results.push({ name: listed.image.name, vmid, node, fate, reason: kept ?? gone });
  }
  return results;
}

/** The answer is why it stays after all. Its mark says by compare-and-set that it goes: it is what it was when it was read. */
async function remove(ports: Ports, { image }: ListedImage, signal: AbortSignal): Promise<string | undefined> {
  const { state } = image;
  const { mark, text } = parseDescription(state.config.description);
  if (mark?.role !== 'image' || mark.vmid !== state.vmid) return 'it is no image of ours';
  const power = call(DEADLINES.power, signal);
  try {
    await assertFree(ports, { state, mark, text }, signal);
    const going = { ...mark, phase: 'destroying' as const };
    if (!(await writeMark(ports, { state, mark, text }, going, signal))) return 'it was changed at this moment';
    if (state.running) await ports.containers.shutdown(state.node, state.vmid, 1, power);
    await ports.containers.destroy(state.node, state.vmid, power);
    return undefined;
  } catch (error) {
    if (signal.aborted || !isGitopsError(error)) throw error;
    return error.message;
  }
}

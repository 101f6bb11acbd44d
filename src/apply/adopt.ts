import { GitopsError, isGitopsError } from '../model/errors.ts';
import { formatDescription, type Mark, parseDescription } from '../model/mark.ts';
import type { ContainerState } from '../model/observed.ts';
import type { Containers, Inventory, Marks } from '../model/ports.ts';
import { call, DEADLINES } from './deadlines.ts';

export interface AdoptInput {
  readonly inventory: Inventory;
  readonly containers: Pick<Containers, 'update'>;
  readonly marks: Marks;
  readonly vmid: number;
  readonly identity: Pick<Mark, 'site' | 'owner' | 'name' | 'stage'>;
  /** The owner that it is taken from, when another one's mark is on it: said on purpose, or refused. */
  readonly from?: string;
  /** SHA256:… fingerprints that the operator has read in the container. */
  readonly hostKeys: readonly string[];
  readonly signal: AbortSignal;
}

export interface Adopted {
  readonly state: ContainerState;
  /** Whose it was before, when it had a mark. */
  readonly previous?: string;
  /** Nothing was written: it was ours already, with the same keys. */
  readonly unchanged: boolean;
  /** This identity may not set our tag: lists do not find the container by it, and nothing else is missing. */
  readonly untagged: boolean;
}

/** Our index in Proxmox VE's lists; never a proof of ownership. */
const TAG = 'pve-gitops';

/** Puts our mark and our tag on a container that exists, and changes nothing else of it. */
export async function adopt(input: AdoptInput): Promise<Adopted> {
  const { inventory, vmid, identity, hostKeys, signal } = input;
  const read = call(DEADLINES.read, signal);
  const guest = (await inventory.guests(read)).find((entry) => entry.vmid === vmid);
  if (guest === undefined) {
    throw new GitopsError('user', `Unable to adopt container ${vmid}: this identity sees no such guest`, {
      advice: ['a guest is seen with VM.Audit on it'],
    });
  }
  if (guest.type === 'qemu') throw new GitopsError('not-ours', `Unable to adopt vmid ${vmid}: it is a virtual machine`);
  const state = await inventory.container(guest.node, vmid, read);
  if (state === undefined) throw new GitopsError('remote', `Unable to adopt container ${vmid}: it is gone`);
  if (state.lock !== undefined)
    throw new GitopsError('busy', `Unable to adopt container ${vmid}: it is locked (${state.lock})`);

  const { text, mark, unreadable } = parseDescription(state.config.description);
  if (unreadable !== undefined) {
    throw new GitopsError('not-ours', `Unable to adopt container ${vmid}: it has an owner mark that cannot be read`, {
      advice: ['take that line out of its description on purpose, then adopt it', unreadable],
    });
  }
  const copied = mark !== undefined && mark.vmid !== vmid;
  const ours = mark !== undefined && !copied && same(mark, identity);
  if (mark !== undefined && !copied && !ours && input.from !== mark.owner) {
    throw new GitopsError(
      'not-ours',
      `Unable to adopt container ${vmid}: it belongs to ${mark.owner} (site ${mark.site}, stage ${mark.stage})`,
      {
        advice: [`say so to take it over: --from ${mark.owner}`],
      },
    );
  }
  const keys = hostKeys.length > 0 ? hostKeys : ours || (mark !== undefined && !copied) ? mark.hostKeys : [];
  const next: Mark = ours
    ? { ...mark, hostKeys: keys }
    : { ...identity, vmid, role: 'live', applied: {}, hostKeys: keys };
  const unchanged = ours && keys.join() === mark.hostKeys.join();
  const untagged = unchanged ? false : await write(input, state, formatDescription(text, next));
  return { state, unchanged, untagged, ...(mark === undefined || ours ? {} : { previous: mark.owner }) };
}

/** Mark and tag in one call. Whether the tag had to stay away: an administrator can forbid tags (rows 1094, 1095). */
async function write({ containers, marks, signal }: AdoptInput, state: ContainerState, description: string) {
  const { node, vmid, digest } = state;
  const changing = call(DEADLINES.write, signal);
  const tags = (state.config.tags ?? '').split(/[;,\s]+/).filter((tag) => tag !== '');
  if (!tags.includes(TAG)) {
    try {
      const set = { description, tags: [...tags, TAG].toSorted().join(';') };
      await containers.update(node, vmid, { set, remove: [] }, digest, changing);
      return false;
    } catch (error) {
      if (!isGitopsError(error) || error.remote.status !== 403) throw error;
    }
  }
  if (await marks.write(node, vmid, description, digest, changing)) return !tags.includes(TAG);
  throw new GitopsError('busy', `Unable to adopt container ${vmid}: its config was changed at the same moment`, {
    advice: ['try again'],
  });
}

function same(mark: Mark, identity: AdoptInput['identity']): boolean {
  return (['site', 'owner', 'name', 'stage'] as const).every((key) => mark[key] === identity[key]);
}

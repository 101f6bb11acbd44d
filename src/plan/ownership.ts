import type { Desired } from '../model/desired.ts';
import { GitopsError } from '../model/errors.ts';
import { type Mark, parseDescription } from '../model/mark.ts';
import type { ContainerState, Guest } from '../model/observed.ts';

/** Who this run is for. Two runs with the same identity mean the same container. */
export interface Identity {
  readonly site: string;
  readonly owner: string;
  readonly name: string;
  readonly stage: string;
}

export function identityOf(site: string, desired: Desired): Identity {
  return { site, owner: desired.owner, name: desired.name, stage: desired.stage };
}

/** Whose a container is, by the owner mark in its description and by nothing else. */
export type Ownership =
  | { readonly kind: 'ours'; readonly mark: Mark; readonly text: string }
  | { readonly kind: 'unmarked' }
  | { readonly kind: 'unreadable'; readonly line: string }
  /** The mark was written for another vmid: a clone copies the description (rows 1200, 1201). */
  | { readonly kind: 'copy'; readonly mark: Mark }
  | { readonly kind: 'other'; readonly mark: Mark };

export function ownershipOf(state: ContainerState, identity: Identity): Ownership {
  const { mark, text, unreadable } = parseDescription(state.config.description);
  if (unreadable !== undefined) return { kind: 'unreadable', line: unreadable };
  if (mark === undefined) return { kind: 'unmarked' };
  if (mark.vmid !== state.vmid) return { kind: 'copy', mark };
  const same =
    mark.site === identity.site &&
    mark.owner === identity.owner &&
    mark.name === identity.name &&
    mark.stage === identity.stage;
  return same ? { kind: 'ours', mark, text } : { kind: 'other', mark };
}

const describe = (mark: Mark): string => `${mark.owner} (site ${mark.site}, stage ${mark.stage})`;

/** The error for a container that is not ours: whose it is, and how it can become ours. */
export function refusal(vmid: number, node: string, ownership: Exclude<Ownership, { kind: 'ours' }>): GitopsError {
  const message = (reason: string): string => `Unable to use container ${vmid} on node ${node}: ${reason}`;
  const other = 'choose another ID in the definition';
  switch (ownership.kind) {
    case 'unmarked':
      return new GitopsError('not-ours', message('it has no owner mark of pve-gitops, so somebody made it by hand'), {
        advice: [other, `or take it over as it is: pve-gitops adopt DIR --vmid ${vmid}`],
      });
    case 'unreadable':
      return new GitopsError('not-ours', message('its owner mark is damaged or was written by a newer version'), {
        advice: [`the line in its description is: ${ownership.line}`],
      });
    case 'copy':
      return new GitopsError(
        'not-ours',
        message(`it is a clone: its owner mark was written for container ${ownership.mark.vmid}`),
        { advice: [other, `or take the clone over: pve-gitops adopt DIR --vmid ${vmid}`] },
      );
    case 'other':
      return new GitopsError('not-ours', message(`it belongs to ${describe(ownership.mark)}`), {
        advice: [
          other,
          `or hand it over on purpose: pve-gitops adopt DIR --vmid ${vmid} --from ${ownership.mark.owner}`,
        ],
      });
    default:
      return ownership satisfies never;
  }
}

/** The error for a definition whose vmid another one's candidate has. */
export function candidateRefusal({ vmid, promotion }: Mark): GitopsError {
  return new GitopsError(
    'not-ours',
    `Unable to use container ${vmid}: it is the candidate of container ${promotion?.other ?? 'that is gone'}`,
    { advice: ['choose another ID in the definition, or set candidate_vmid_base'] },
  );
}

/** The error for a vmid that a QEMU guest has. */
export function qemuRefusal(guest: Guest): GitopsError {
  const name = guest.name === undefined ? '' : ` "${guest.name}"`;
  return new GitopsError(
    'not-ours',
    `Unable to use vmid ${guest.vmid}: it is a virtual machine${name} on node ${guest.node}, not a container`,
    { advice: ['choose another ID in the definition'] },
  );
}

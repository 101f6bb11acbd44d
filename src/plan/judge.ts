import type { GitopsError } from '../model/errors.ts';
import type { Mark } from '../model/mark.ts';
import type { ContainerState, Guest } from '../model/observed.ts';
import { candidateRefusal, type Identity, ownershipOf, qemuRefusal, refusal } from './ownership.ts';

/** A container that is this run's own. */
export interface Claimed {
  readonly kind: 'present';
  readonly state: ContainerState;
  readonly mark: Mark;
  /** The description without our lines. */
  readonly text: string;
  /** As the guests' list has it. */
  readonly pool?: string;
}

/** Whose a container is, by its owner mark, for a run of this identity. */
export function judgeFor(identity: Identity): {
  claim(state: ContainerState, guest: Guest | undefined): Claimed;
  qemu(guest: Guest): GitopsError;
  matches(mark: Mark): boolean;
} {
  return {
    claim(state, guest) {
      const ownership = ownershipOf(state, identity);
      if (ownership.kind !== 'ours') throw refusal(state.vmid, state.node, ownership);
      if (ownership.mark.role === 'candidate') throw candidateRefusal(ownership.mark);
      const pool = guest?.pool === undefined ? {} : { pool: guest.pool };
      return { kind: 'present', state, mark: ownership.mark, text: ownership.text, ...pool };
    },
    qemu: qemuRefusal,
    matches: (mark) => Object.entries(identity).every(([key, value]) => mark[key as keyof Identity] === value),
  };
}

import type { CloneSource } from '../../model/image.ts';
import type { Mark } from '../../model/mark.ts';
import type { Parameters, PoolStep, ResizeStep, UpdateStep } from '../../model/plan.ts';
import type { Ports, Shell } from '../../model/ports.ts';

import type { ReplacementFacts, ReplacementStep, Seen } from '../../model/replacement.ts';
import type { ConvergeInput, GuestDone } from '../context.ts';
import type { LeasePorts } from '../lease.ts';
import type { Observed } from './observe-candidate.ts';

export type PromotePorts = LeasePorts &
  Pick<Ports, 'keys' | 'shells' | 'snapshots' | 'volumes' | 'backups' | 'surroundings' | 'clones'>;

/** What a renewed container is changed by before it starts. */
export type LiveChange = (UpdateStep | ResizeStep | PoolStep) & { readonly reason: string };

/** A call that makes the candidate. */
export interface CandidateWish {
  readonly parameters: Parameters;
  /** volid; it is on its storage by now. */
  readonly template: string;
  /** The image of it that is cloned instead. */
  readonly image?: CloneSource;
}

/** What is inside one of the two containers. */
export interface GuestOf {
  shell(holding: Seen): Promise<Shell>;
  baseline(holding: Seen): Promise<GuestDone>;
  /** Configure and verify; only verify where there is nothing to configure. Throws when a check fails. */
  prove(holding: Seen): Promise<GuestDone>;
  /** Whether it came up: the checks of no definition. */
  cameUp(holding: Seen): Promise<void>;
  close(): Promise<void>;
}

/** All that a replace needs to know; src/replace.ts makes it. */
export interface PromoteInput {
  readonly converge: ConvergeInput;
  readonly ports: PromotePorts;
  readonly signal: AbortSignal;
  readonly vmids: ReplacementFacts['vmids'];
  readonly node: string;
  readonly goal?: string;
  readonly inPlace: boolean;
  readonly backup: ReplacementFacts['backup'];
  /** Takes the archives. */
  readonly backupStorage: string;
  /** Where volumes and mounts of the definition will be: directories that a candidate has empty. */
  readonly paths: readonly string[];
  /** Hash of the baseline that the candidate needs. */
  readonly baseline: string;
  /** Snapshots of other people that git lets go. */
  readonly dropSnapshots: readonly string[];
  /** The definition wants no container. */
  readonly absent: boolean;
  /** This stretch of the flow ends with a candidate that has its baseline. */
  readonly onlyBuild: boolean;
  /** A candidate that fails is kept, stopped, to be looked at. */
  readonly keepFailed: boolean;
  /** The commit that is tried. */
  readonly commit?: string;
  /** Throws kind not-ours for what is not this run's. */
  claim(state: Seen['state']): Seen;
  /** Pure. */
  decide(facts: ReplacementFacts): ReplacementStep | undefined;
  /** Pure. What takes a volume away is none of it: that waits until nothing is left of the replace. */
  changes(live: Seen): readonly LiveChange[];
  /** Chooses template and address, and fetches what is missing. */
  wish(live: Seen): Promise<CandidateWish>;
  /** For the restore over the live one; description and interfaces come from elsewhere. */
  restoreParameters(): Parameters;
  newMark(vmid: number, template: string): Mark;
  readonly candidate: GuestOf;
  readonly live: GuestOf;
}

/** What a run remembers between steps: only to be quick, never to decide. */
export interface Memory {
  /** The live one's SSH host keys, read before it was stopped; they never leave the process. */
  keys?: string;
  archives?: Observed['archives'];
  /** The volumes of both are to be listed. */
  look: boolean;
  /** Clock, in milliseconds: nobody serves since. */
  down?: number;
  /** Milliseconds in which nobody served, added up. */
  downtime: number;
  /** The one that went back came up. */
  cameUp?: boolean;
  /** The backup of what was before could not be restored. */
  unrestorable?: true;
  /** volid of a disk that this identity may not remove: it is not looked at again. */
  left?: string;
}

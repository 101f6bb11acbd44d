import type { Mark } from '../model/mark.ts';
import type { StepResult } from '../model/outcome.ts';
import type { ImageStep, Plan, Step } from '../model/plan.ts';
import type { Ports, Shell } from '../model/ports.ts';
import type { Holding, LeasePorts } from './lease.ts';

/** What a container is: not there, or ours. Anything else has thrown by then. */
export type Observation =
  /** `candidate`: vmid of one that was about to take its place, and holds what it had. */
  | { readonly kind: 'absent'; readonly vmid: number; readonly node: string; readonly candidate?: number }
  | ({ readonly kind: 'present' /** As the guests' list has it. */; readonly pool?: string } & Holding);

/** What this run has done, or found that it may not do, so that it is not planned again. */
export type Taken = Step['kind'] | 'tags' | `destroyed ${string}` | `resized ${string}`;

/** What a step inside the container came to, and what the mark shall remember of it. */
export interface GuestDone {
  readonly result: StepResult;
  readonly mark: Partial<Mark>;
}

export interface ConvergeInput {
  readonly ports: LeasePorts &
    Pick<Ports, 'keys' | 'shells' | 'snapshots' | 'backups' | 'clones' | 'volumes' | 'placement'>;
  readonly signal: AbortSignal;
  observe(): Promise<Observation>;
  /** Pure: the steps that are due. */
  decide(observation: Observation, done: ReadonlySet<Taken>): Plan;
  /** Pure: what the mark shall say of volumes, by name; undefined: what it says already. */
  volumes(holding: Holding, done: ReadonlySet<Taken>): Mark['volumes'] | undefined;
  /** The base image of a container that is about to be made. */
  image(step: ImageStep): Promise<Done>;
  /** Into the container, whose mark has the host keys. */
  shell(holding: Holding): Promise<Shell>;
  /** A replace from wherever it stands to its end, or as far as this stretch goes. */
  replace(observation: Observation): Promise<Done>;
  /** The mark of a container that is about to be made, without lease. */
  newMark(vmid: number, template: string): Mark;
  /** Operators' keys for root, authorized_keys lines. */
  readonly sshKeys: readonly string[];
  /** Steps inside the container; the mark's hostKeys are known when they are called. */
  readonly guest: Readonly<Record<'baseline' | 'configure', (holding: Holding) => Promise<GuestDone>>>;
}

/** A step's own result before it is timed. */
export type Done = Pick<StepResult, 'summary' | 'warnings'> & Partial<Pick<StepResult, 'changes' | 'changed'>>;

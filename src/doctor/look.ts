import type { Inspection } from '../model/administration.ts';
import type { Snapshots } from '../model/container-ports.ts';
import type { Desired } from '../model/desired.ts';
import type { GitopsError } from '../model/errors.ts';
import type { Call, Clock, Inventory, Programs, Reporter, Shells } from '../model/ports.ts';
import type { Settings, ShownSetting } from '../model/settings.ts';

/** What an examination needs from outside. It never writes. */
export interface DoctorPorts {
  readonly inspection: Inspection;
  readonly inventory: Inventory;
  readonly shells: Shells;
  readonly snapshots: Pick<Snapshots, 'possible'>;
  readonly programs: Programs;
  readonly clock: Clock;
  readonly reporter: Reporter;
}

export interface DoctorInput {
  readonly settings: Settings;
  readonly shown: readonly ShownSetting[];
  /** A definition that could be read, or why not; absent: what any deploy needs. */
  readonly definition?: { readonly desired: Desired } | { readonly error: GitopsError };
  /** The local node is a server of one's own, for which the rules of a site do not count. */
  readonly local: boolean;
  /** It runs no containers: nothing is reached over SSH. */
  readonly simulated: boolean;
  readonly signal: AbortSignal;
}

const READ_MS = 30_000;
/** As long as a deploy waits for an address that should be free. */
const ANSWER_MS = 400;

export function reading(signal: AbortSignal): Call {
  return { timeoutMs: READ_MS, signal };
}

export function answering(signal: AbortSignal): Call {
  return { timeoutMs: ANSWER_MS, signal };
}

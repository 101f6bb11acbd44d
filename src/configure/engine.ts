import type { StepResult } from '../model/outcome.ts';
import type { OpenAnsiblePlace } from './ansible.ts';

export interface ConfigureInput {
  readonly vmid: number;
  /** The definition's directory as tar, Source.archive(). */
  readonly archive: AsyncIterable<Uint8Array>;
  /** Names directly in that directory, where an engine goes by them. */
  readonly names?: readonly string[];
  /** Reaches the engine and nobody else: guestEnvironment(). */
  readonly environment: Readonly<Record<string, string>>;
  /** How long to wait for an earlier run whose connection was lost, in ms; 120 000 when not given. */
  readonly lockWaitMs?: number;
  /** Where playbooks run; absent: in the container itself. */
  readonly ansible?: OpenAnsiblePlace;
}

/** What an engine reports; time and kind are added once for all. */
export type EngineResult = Pick<StepResult, 'summary' | 'changed' | 'warnings'>;

import type { StepResult } from '../model/outcome.ts';
import type { OpenAnsiblePlace } from './ansible.ts';
import type { CincSource } from './cinc-install.ts';

/** A running container of the site. */
export interface SiteContainer {
  readonly name: string;
  readonly stage: string;
  readonly hostname: string;
  readonly vmid: number;
  /** Absent when it is not known. */
  readonly address?: string;
}

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
  /** The container's name within the site. */
  readonly name?: string;
  /** Variables of the environment that hold secrets, beside PASSWORD. */
  readonly secretNames?: readonly string[];
  /** The site's own store, for sites without a forge: what Env.get finds there. */
  readonly variables?: Readonly<Record<string, string>>;
  /** For recipes that say Site.containers. */
  readonly site?: readonly SiteContainer[];
  /** Where the Cinc client comes from, where not from its project. */
  readonly cinc?: Partial<CincSource>;
  /** Where playbooks run; absent: in the container itself. */
  readonly ansible?: OpenAnsiblePlace;
}

/** What an engine reports; time and kind are added once for all. */
export interface EngineResult extends Pick<StepResult, 'summary' | 'changed' | 'warnings'> {
  /** What it gave to the site's own store. */
  readonly variables?: Readonly<Record<string, string>>;
}

export type ConfigureResult = StepResult & Pick<EngineResult, 'variables'>;

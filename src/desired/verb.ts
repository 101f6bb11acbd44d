import { GitopsError } from '../model/errors.ts';

/** What a run of the actions does. */
export type Verb = 'plan' | 'deploy' | 'configure';

export interface Job {
  readonly verb: Verb;
  readonly stage: string;
}

export interface Trigger {
  /** Branch name without `refs/heads/`. */
  readonly branch: string;
  /** Input `mode`; empty: the branch decides. */
  readonly mode: string;
  /** Input `stage`; empty: the branch decides. */
  readonly stage: string;
  /** Whether the definition has an overlay for stage develop. */
  readonly developOverlay: boolean;
}

const LATER = ['rebuild', 'snapshot', 'rollback', 'destroy'];

/**
 * The branch is the verb: release deploys, main configures what is deployed, develop plans, or deploys its own stage
 * when the definition has an overlay for it. A mode that is asked for wins.
 */
export function jobOf({ branch, mode, stage, developOverlay }: Trigger): Job {
  const own = branch === 'develop' && developOverlay;
  const job = (verb: Verb): Job => ({ verb, stage: stage !== '' ? stage : own ? 'develop' : 'main' });
  if (mode === 'plan' || mode === 'deploy' || mode === 'configure') return job(mode);
  if (LATER.includes(mode) || LATER.includes(branch)) {
    const word = mode === '' ? branch : mode;
    throw new GitopsError('user', `Unable to ${word}: this version cannot do it yet`, {
      advice: ['known modes: plan, deploy, configure'],
    });
  }
  if (mode !== '') {
    throw new GitopsError('user', `Unable to run mode ${JSON.stringify(mode)}: there is none of that name`, {
      advice: ['known modes: plan, deploy, configure'],
    });
  }
  if (branch === 'release') return job('deploy');
  if (branch === 'main') return job('configure');
  if (own) return job('deploy');
  return job('plan');
}

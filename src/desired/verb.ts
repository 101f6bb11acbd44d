import { GitopsError } from '../model/errors.ts';

export const VERBS = ['plan', 'deploy', 'configure', 'rebuild', 'snapshot', 'rollback', 'destroy'] as const;

/** What a run of the actions does. */
export type Verb = (typeof VERBS)[number];

export interface Job {
  readonly verb: Verb;
  readonly stage: string;
}

export interface Trigger {
  /** Branch name without `refs/heads/`; of a pull request the one that it is to be merged into. */
  readonly branch: string;
  /** As the forge calls it: push, workflow_dispatch, pull_request … */
  readonly event: string;
  /** Input `mode`; empty: the branch decides. */
  readonly mode: string;
  /** Input `stage`; empty: the branch decides. */
  readonly stage: string;
  /** Whether the definition has an overlay for stage develop. */
  readonly developOverlay: boolean;
}

const isVerb = (word: string): word is Verb => (VERBS as readonly string[]).includes(word);

/**
 * The branch is the verb: release deploys, main configures what is deployed, develop plans, or deploys its own stage
 * when the definition has an overlay for it; snapshot and rollback do what they are called. A mode that is asked for wins.
 * A pull request is only planned, whatever it asks for. Throws kind user.
 */
export function jobOf({ branch, event, mode, stage, developOverlay }: Trigger): Job {
  const own = branch === 'develop' && developOverlay;
  const job = (verb: Verb): Job => ({ verb, stage: stage !== '' ? stage : own ? 'develop' : 'main' });
  if (mode !== '' && !isVerb(mode)) {
    throw new GitopsError('user', `Unable to run mode ${JSON.stringify(mode)}: there is none of that name`, {
      advice: [`known modes: ${VERBS.join(', ')}`],
    });
  }
  if (event.startsWith('pull_request')) {
    if (mode === '' || mode === 'plan') return job('plan');
    throw new GitopsError('user', `Unable to ${mode} for a pull request: what is not merged is only planned`, {
      advice: ['leave mode empty for pull requests, and merge to deploy'],
    });
  }
  if (mode === 'destroy' && event !== 'workflow_dispatch') {
    throw new GitopsError('user', `Unable to destroy on ${event === '' ? 'this event' : event}: somebody has to ask`, {
      advice: ['dispatch the workflow with mode destroy', 'or say it in git: STATE=absent, and push to release'],
    });
  }
  if (mode !== '') return job(mode);
  if (branch === 'release') return job('deploy');
  if (branch === 'main') return job('configure');
  if (branch === 'snapshot' || branch === 'rollback') return job(branch);
  if (own) return job('deploy');
  return job('plan');
}

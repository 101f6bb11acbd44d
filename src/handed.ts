import type { ActionContext } from './action.ts';
import { decodeDesired } from './desired/json.ts';
import { VERBS, type Verb } from './desired/verb.ts';
import { GitopsError } from './model/errors.ts';
import type { RunOptions } from './run.ts';

export interface Handed {
  readonly verb: Verb;
  readonly options: Omit<RunOptions, 'scope'>;
}

/** What container-init hands to the other two actions. */
export async function handedOver({ inputs, settings, feedback, environment, signal }: ActionContext): Promise<Handed> {
  const desired = decodeDesired(inputs.desired ?? '');
  const verb = VERBS.find((known) => known === (inputs.mode || 'deploy'));
  if (verb === undefined) {
    throw new GitopsError('user', `Unable to run mode ${JSON.stringify(inputs.mode)}: there is none of that name`, {
      advice: ['hand over the output mode of container-init'],
    });
  }
  const { owner: repository, name, stage, commit = '' } = desired;
  if (commit !== '') await feedback.begin({ repository, name, stage, commit, verb }, false);
  const links = await feedback.links();
  const server = environment.GITHUB_SERVER_URL;
  const options = {
    settings,
    desired,
    signal,
    // Asked for by a person, who means it: nothing of it is too old.
    back: verb === 'snapshot' || verb === 'rollback' || verb === 'destroy',
    rebuild: verb === 'rebuild',
    forgeHost: server === undefined ? '' : new URL(server).host,
    ...(server === undefined ? {} : { forgeUrl: server }),
    ...(links === undefined ? {} : { links }),
    ...(inputs.directory === undefined || inputs.directory === '' ? {} : { directory: inputs.directory }),
  };
  return { verb, options };
}

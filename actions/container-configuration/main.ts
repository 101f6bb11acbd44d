import { runAction } from '../../src/action.ts';
import { configure } from '../../src/deploy.ts';
import { decodeDesired } from '../../src/desired/json.ts';
import { GitopsError } from '../../src/model/errors.ts';

const INPUTS = ['desired', 'directory', 'mode', 'target', 'force'];

/** Configure → verify → report. Changes no resources. */
await runAction('container-configuration', INPUTS, async ({ ports, settings, runner, inputs, environment, signal }) => {
  const desired = decodeDesired(inputs.desired ?? '');
  if (inputs.mode === 'plan') {
    ports.reporter.tell({ kind: 'note', text: 'mode plan: nothing is configured' });
    return undefined;
  }
  if (inputs.directory === undefined || inputs.directory === '') {
    throw new GitopsError('user', 'Unable to configure: the input directory is empty', {
      advice: ['hand over the output directory of container-init'],
    });
  }
  const force = inputs.force === 'true' || environment.GITHUB_EVENT_NAME === 'workflow_dispatch';
  const forgeHost = environment.GITHUB_SERVER_URL === undefined ? '' : new URL(environment.GITHUB_SERVER_URL).host;
  const outcome = await configure(ports, { settings, desired, directory: inputs.directory, force, forgeHost, signal });
  runner.output('outcome', outcome.kind);
  runner.output('urls', outcome.kind === 'done' ? outcome.urls.join(' ') : '');
  return outcome;
});

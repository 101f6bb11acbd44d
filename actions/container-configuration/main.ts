import { runAction } from '../../src/action.ts';
import { configure, rollback, snapshot } from '../../src/deploy.ts';
import { follow } from '../../src/follow.ts';
import { furnished } from '../../src/furnish.ts';
import { handedOver } from '../../src/handed.ts';
import { GitopsError } from '../../src/model/errors.ts';
import { whenFree } from '../../src/patience.ts';

const INPUTS = ['desired', 'directory', 'mode', 'target', 'force', 'to', 'with-data'];

/** Configure → verify → report; snapshot and rollback. Changes no other resources. */
await runAction('container-configuration', INPUTS, async (context) => {
  const { ports, runner, inputs, environment, signal } = context;
  const { verb, options } = await handedOver(context);
  if (verb === 'plan' || verb === 'destroy') {
    ports.reporter.tell({ kind: 'note', text: `mode ${verb}: nothing is configured` });
    return undefined;
  }
  if (inputs.target === 'pilot') return undefined;
  if (options.directory === undefined) {
    throw new GitopsError('user', 'Unable to configure: the input directory is empty', {
      advice: ['hand over the output directory of container-init'],
    });
  }
  const wish = { ...(inputs.to ? { to: inputs.to } : {}), withData: inputs['with-data'] === 'true' };
  const force = inputs.force === 'true' || environment.GITHUB_EVENT_NAME === 'workflow_dispatch';
  // The step before has built what a rebuild needs; here it is finished.
  const outcome = await whenFree(ports, signal, () => {
    if (verb === 'snapshot') return snapshot(ports, options);
    if (verb === 'rollback') return rollback(ports, options, wish);
    return furnished(context, { ...options, rebuild: false, force }, configure);
  });
  if (verb !== 'snapshot') {
    const { directory, desired } = options;
    await follow({ ...context, reporter: ports.reporter, token: inputs.token ?? '', desired, directory }, outcome);
  }
  runner.output('outcome', outcome.kind);
  runner.output('urls', outcome.kind === 'done' ? outcome.urls.join(' ') : '');
  return { outcome, last: true };
});

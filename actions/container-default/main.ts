import { runAction } from '../../src/action.ts';
import { preview, provision } from '../../src/deploy.ts';
import { decodeDesired } from '../../src/desired/json.ts';

/** Observe → plan → apply, then the baseline. Runs no service code. */
await runAction(
  'container-default',
  ['desired', 'directory', 'mode'],
  async ({ ports, settings, runner, inputs, signal }) => {
    const desired = decodeDesired(inputs.desired ?? '');
    const options = {
      settings,
      desired,
      signal,
      ...(inputs.directory === '' ? {} : { directory: inputs.directory ?? '' }),
    };
    const changes = inputs.mode === 'deploy' || inputs.mode === '';
    const outcome = changes ? await provision(ports, options) : await preview(ports, options);
    runner.output('plan', JSON.stringify(outcome.plan ?? null));
    runner.output('target', 'live');
    runner.output('vmid', String(outcome.plan?.vmid ?? ''));
    return outcome;
  },
);

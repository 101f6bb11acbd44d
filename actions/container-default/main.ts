import { join } from 'node:path';
import { runAction } from '../../src/action.ts';
import { ownAddresses } from '../../src/connect-action.ts';
import { byPilot } from '../../src/controlplane/by-pilot.ts';
import { destroy, preview, provision } from '../../src/deploy.ts';
import { handedOver } from '../../src/handed.ts';
import { whenFree } from '../../src/patience.ts';

const INPUTS = ['desired', 'directory', 'mode'];

/** Observe → plan → apply, then the baseline. Runs no service code. */
await runAction('container-default', INPUTS, async (context) => {
  const { ports, runner, signal } = context;
  const { verb, options } = await handedOver(context);
  const place = { addresses: ownAddresses(), actions: join(import.meta.dirname, '..', '..') };
  const pilot = await byPilot(context, { verb, options }, place);
  if (pilot !== undefined) {
    runner.output('target', 'pilot');
    await context.feedback.handedOn(`${verb} is carried out by ${pilot}`);
    return undefined;
  }
  const work = {
    plan: preview,
    configure: preview,
    snapshot: preview,
    rollback: preview,
    deploy: provision,
    rebuild: provision,
    destroy,
  } as const;
  const outcome = await whenFree(ports, signal, () => work[verb](ports, options));
  runner.output('plan', JSON.stringify(outcome.plan ?? null));
  runner.output('target', 'live');
  runner.output('vmid', String(outcome.plan?.vmid ?? ''));
  return { outcome, last: verb === 'plan' || verb === 'destroy' };
});

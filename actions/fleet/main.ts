import { runFleet } from '../../src/action.ts';
import { definitionsOfForge } from '../../src/checkout.ts';
import { ownAddresses } from '../../src/connect-action.ts';
import { backUp } from '../../src/fleet/backup.ts';
import { drift } from '../../src/fleet/drift.ts';
import { update } from '../../src/fleet/update.ts';
import { renewImages } from '../../src/images/renew.ts';
import { GitopsError } from '../../src/model/errors.ts';

const INPUTS = ['task', 'only', 'keep', 'storage', 'without-way-back'];

/** What is done for all containers of the site, each with the definition of the commit that it has. */
await runFleet('fleet', INPUTS, async (context) => {
  const { ports, settings, inputs, signal } = context;
  const { task = '', keep = '', storage = '' } = inputs;
  const only = (inputs.only ?? '').split(/\s+/).filter((name) => name !== '');
  const options = { site: settings.site, only, signal };
  const definitionOf = definitionsOfForge(context);
  switch (task) {
    case 'drift':
      return drift(ports, settings, options, definitionOf);
    case 'update': {
      const withoutWayBack = inputs['without-way-back'] === 'true';
      return update(ports, settings, { ...options, withoutWayBack, here: ownAddresses() }, definitionOf);
    }
    case 'backup': {
      const count = keep === '' ? 3 : Number(keep);
      if (!Number.isInteger(count) || count < 1) throw new GitopsError('user', `Unable to keep ${keep} backups`);
      return backUp(ports, { ...options, keep: count, ...(storage === '' ? {} : { storage }) });
    }
    case 'images':
      return renewImages(ports, settings, signal);
    default:
      throw new GitopsError(
        'user',
        `Unable to run task ${JSON.stringify(task)}: known are drift, update, backup, images`,
      );
  }
});

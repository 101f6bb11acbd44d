import { runAction } from '../../src/action.ts';
import { checkOutOf, definitionWithin } from '../../src/checkout.ts';
import { define } from '../../src/deploy.ts';
import { identityOf, stageOf } from '../../src/desired/identity.ts';
import { encodeDesired } from '../../src/desired/json.ts';
import { jobOf } from '../../src/desired/verb.ts';
import type { About } from '../../src/report/feedback.ts';

const INPUTS = ['repo', 'ref', 'branch', 'cache_bust', 'mode', 'stage', 'path'];

/** Check out; definition → desired. Never touches Proxmox VE. Its post part, the last of the job, ends what was cut off. */
await runAction('container-init', INPUTS, async ({ ports, settings, runner, feedback, inputs, ...context }) => {
  const begun = runner.state('about');
  if (begun !== '') {
    await feedback.cutOff(JSON.parse(begun) as About);
    return undefined;
  }
  const event = runner.event();
  const { repository, branch, commit, directory } = await checkOutOf({ ...context, inputs, event });
  const definition = await definitionWithin(ports.source, directory, inputs.path ?? '');
  const files = (await ports.source.list(definition)) ?? [];
  const developOverlay = files.some((name) => /^(config|container)\.develop\.(env|yml)$/.test(name));
  const { mode = '', stage = '' } = inputs;
  const job = jobOf({ branch: event.base ?? branch, event: event.name, mode, stage, developOverlay });
  const who = { ...identityOf(definition, repository), stage: stageOf(job.stage, branch), commit };
  const about = { repository, name: who.name, stage: who.stage, commit, verb: job.verb };
  runner.saveState('about', JSON.stringify(about));
  await feedback.begin(about, true);
  await feedback.cutOffEarlier(about);
  const desired = await define(ports, settings, definition, who);
  ports.reporter.tell({ kind: 'note', text: `${job.verb} ${desired.name}, stage ${desired.stage}, commit ${commit}` });
  const outputs = { desired: encodeDesired(desired), directory: definition, mode: job.verb, stage: job.stage, commit };
  for (const [name, value] of Object.entries(outputs)) runner.output(name, value);
  return undefined;
});

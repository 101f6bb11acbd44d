import { join } from 'node:path';
import { runAction } from '../../src/action.ts';
import { checkOutOf } from '../../src/checkout.ts';
import { define } from '../../src/deploy.ts';
import { identityOf, stageOf } from '../../src/desired/identity.ts';
import { encodeDesired } from '../../src/desired/json.ts';
import { jobOf } from '../../src/desired/verb.ts';

const INPUTS = ['repo', 'ref', 'cache_bust', 'mode', 'stage', 'path', 'token'];

/** Check out; definition → desired. Never touches Proxmox VE. */
await runAction('container-init', INPUTS, async ({ ports, settings, runner, inputs, environment, mask, signal }) => {
  const { repository, branch, commit, directory } = await checkOutOf({ inputs, environment, mask, signal });
  const files = (await ports.source.list(join(directory, inputs.path ?? ''))) ?? [];
  const developOverlay = files.some((name) => /^(config|container)\.develop\.(env|yml)$/.test(name));
  const job = jobOf({ branch, mode: inputs.mode ?? '', stage: inputs.stage ?? '', developOverlay });
  const definition = join(directory, inputs.path ?? '');
  const who = { ...identityOf(definition, repository), stage: stageOf(job.stage, branch), commit };
  const desired = await define(ports, settings, definition, who);
  ports.reporter.tell({ kind: 'note', text: `${job.verb} ${desired.name}, stage ${desired.stage}, commit ${commit}` });
  const outputs = { desired: encodeDesired(desired), directory: definition, mode: job.verb, stage: job.stage, commit };
  for (const [name, value] of Object.entries(outputs)) runner.output(name, value);
  return undefined;
});

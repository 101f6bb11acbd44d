import type { Step } from '../model/plan.ts';
import { dataOfCreate } from './data.ts';
import { firstGuestSteps } from './guest-steps.ts';
import { createChanges, createParameters, isGuarded, reservedAtCreate } from './parameters.ts';
import type { Body, Observation, PlanInput } from './plan.ts';
import { reservedNote, reservedRefusal } from './refusals.ts';
import { chooseTemplate } from './template.ts';

/** Everything goes out in one call: there is no moment at which a container is half of what it shall be. */
export function createPlan(
  { desired: written, templates, due, share, pool, rootLogin }: PlanInput,
  { vmid, node }: Extract<Observation, { kind: 'absent' }>,
): Body {
  const desired = pool === undefined ? written : { pool, ...written };
  const chosen = chooseTemplate(desired.template, templates);
  const parameters = createParameters(desired, share);
  const download: Step[] =
    chosen.download === undefined
      ? []
      : [
          {
            kind: 'download',
            node,
            storage: templates.storage,
            template: chosen.download,
            reason: 'the template is not on the storage yet',
            disruption: 'none',
          },
        ];
  const reserved = reservedAtCreate(desired);
  return {
    steps: [
      ...download,
      {
        kind: 'create',
        node,
        vmid,
        template: chosen.volid,
        parameters,
        ...(desired.description === undefined ? {} : { text: desired.description }),
        ...(isGuarded(desired) ? { guarded: true as const } : {}),
        changes: createChanges(desired, chosen.volid, parameters, share),
        reason: 'there is no such container',
        disruption: 'none',
      },
      { kind: 'start', reason: 'it is new', disruption: 'none' },
      ...firstGuestSteps(due, desired),
    ],
    notes: [
      ...desired.deletedVolumes.map((name) => `volume ${name} is named for deletion, and there is none`),
      ...reservedNote(reserved, rootLogin),
    ],
    refusals: reservedRefusal(vmid, reserved, rootLogin),
    data: dataOfCreate(desired),
  };
}

import type { CloneSource, ImageFacts } from '../model/image.ts';
import type { Step } from '../model/plan.ts';
import { dataOfCreate } from './data.ts';
import { firstGuestSteps } from './guest-steps.ts';
import { ageInDays, ageText, withMac } from './image.ts';
import { createChanges, createParameters, isGuarded, reservedAtCreate } from './parameters.ts';
import type { Body, Observation, PlanInput } from './plan.ts';
import { reservedNote, reservedRefusal } from './refusals.ts';
import { chooseTemplate } from './template.ts';

/** Everything goes out in one call: there is no moment at which a container is half of what it shall be. */
export function createPlan(
  { desired: written, templates, due, share, pool, rootLogin, images, without, now = new Date(0) }: PlanInput,
  { vmid, node }: Extract<Observation, { kind: 'absent' }>,
): Body {
  const { source } = images ?? {};
  const desired = withMac(pool === undefined ? written : { pool, ...written }, source?.mac);
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
  const image: Step[] =
    images?.build !== true || without?.has('image') === true
      ? []
      : [
          {
            kind: 'image',
            node,
            for: vmid,
            name: images.name,
            template: chosen.volid,
            reason: 'there is none yet, and every further container is cloned from it',
            disruption: 'none',
          },
        ];
  const from = image.length > 0 ? `clone from image ${images?.name}` : (originOf(source, now) ?? chosen.volid);
  const reserved = reservedAtCreate(desired);
  return {
    steps: [
      ...download,
      ...image,
      {
        kind: 'create',
        node,
        vmid,
        template: chosen.volid,
        ...(source === undefined ? {} : { image: source }),
        parameters,
        ...(desired.description === undefined ? {} : { text: desired.description }),
        ...(isGuarded(desired) ? { guarded: true as const } : {}),
        changes: createChanges(desired, from, parameters, share),
        reason: 'there is no such container',
        disruption: 'none',
      },
      { kind: 'start', reason: 'it is new', disruption: 'none' },
      ...firstGuestSteps(due, desired),
    ],
    notes: [
      ...desired.deletedVolumes.map((name) => `volume ${name} is named for deletion, and there is none`),
      ...reservedNote(reserved, rootLogin),
      ...oldImageNote(images, now),
    ],
    refusals: reservedRefusal(vmid, reserved, rootLogin),
    data: dataOfCreate(desired),
  };
}

function originOf(source: CloneSource | undefined, now: Date): string | undefined {
  if (source === undefined) return undefined;
  const how = source.kind === 'linked' ? 'clone' : 'full clone';
  const where = source.node === undefined ? '' : ` of node ${source.node}`;
  return `${how} from image ${source.name}${where} (built ${ageText(source.built, now)})`;
}

/** An old image is used all the same: what a template has is older still. */
function oldImageNote(images: ImageFacts | undefined, now: Date): string[] {
  const { source, maxAgeDays = 0 } = images ?? {};
  if (source === undefined || ageInDays(source.built, now) <= maxAgeDays) return [];
  return [`image ${source.name} was built ${ageText(source.built, now)}: pve-gitops image build makes a new one`];
}

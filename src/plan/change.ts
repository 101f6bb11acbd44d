import type { Desired } from '../model/desired.ts';
import type { Mark } from '../model/mark.ts';
import type { Change, Parameters, Refusal, Step } from '../model/plan.ts';
import { discardStep } from './absent.ts';
import { dataOfChange } from './data.ts';
import { change, type Edit, effectiveConfig, type FieldContext, type Present } from './edit.ts';
import { editsOf } from './fields.ts';
import { guestSteps } from './guest-steps.ts';
import { migration } from './migration.ts';
import { moveNotes, moveRefusals, moveSteps } from './moves.ts';
import type { Body, PlanInput } from './plan.ts';
import { guardStep, keepsVolumes, liftStep, mayLift } from './protection.ts';
import { protectedRefusal, reservedNote, reservedRefusal, touchesDisks, unclearRefusal } from './refusals.ts';
import { replaceBody } from './replace-plan.ts';
import { newerTemplate } from './template.ts';
import { discards } from './volume-edits.ts';
import { volumesOf } from './volumes.ts';
import { chooseWayBack, describeWayBack, keepSteps, lastWayBack, needsWayBack } from './way-back.ts';

/** Keys of ours that Proxmox VE leaves pending; others that wait were set by somebody else and restart nothing. */
const MANAGED_PENDING = /^(features|mp\d+|dev\d+|nameserver|searchdomain)$/;

/** What brings a container that is there to its definition: to its node first, and the rest there. */
export function changePlan(input: PlanInput, present: Present): Body {
  const away = migration(input, present);
  if (away === undefined) return changesHere(input, present);
  const { steps, wayBack: _, ...rest } = changesHere(away.rest, present);
  return {
    ...rest,
    steps: [...away.steps, ...steps.filter(({ kind }) => kind !== 'keep')],
    notes: [...away.notes, ...rest.notes],
    refusals: [...away.refusals, ...rest.refusals],
  };
}

function changesHere(input: PlanInput, present: Present): Body {
  const { desired, due, share, rootLogin, sizes = new Map<string, number>(), missing = new Set<string>() } = input;
  const { state, mark } = present;
  const config = effectiveConfig(state);
  const context: FieldContext = {
    ...present,
    desired,
    config,
    sizes,
    missing,
    ...(share === undefined ? {} : { share }),
  };
  const edits = editsOf(context).filter((edit) => !isLeftOut(input, edit));
  const notes = notesOf(input, present);
  const remaking = [
    ...edits.map((edit) => edit.change).filter(({ disruption }) => disruption === 'replace'),
    ...templateChange(desired, mark),
  ];
  const replaced = input.without?.has('replace') === true;
  if (remaking.length > 0 || (input.rebuild === true && !replaced)) {
    // It is made on its storage at once; volumes are moved once they are back.
    const replacing = [...remaking, ...edits.flatMap(({ move, change }) => (move?.disk === 'rootfs' ? [change] : []))];
    const later = edits.filter(({ move }) => move !== undefined && move.disk !== 'rootfs');
    const asked = replacing.length === 0 ? ['a rebuild was asked for'] : [];
    const reason = [...asked, ...replacing.map((entry) => entry.note ?? `${entry.field} differs`)].join('; ');
    const body = replaceBody(input, present, replacing, reason);
    const refusals = replaced
      ? [noEffect(state.vmid, reason)]
      : [
          ...body.refusals,
          ...moveRefusals(later, present, input.moving),
          // What a replace lifts for itself is on again when a volume is to be taken away.
          ...guarded(context, edits.filter(takesAway), discards(context).length > 0),
        ];
    const after = later.map(({ change }) => `after it, in a stop of its own: ${change.field} → ${change.to ?? ''}`);
    return { ...body, refusals, notes: [...notes, ...body.notes, ...after, ...templateNote(input, mark)] };
  }
  const discarded = discards(context);
  const reserved = edits.flatMap((edit) => edit.reserved ?? []);
  const lifted = isInTheWay(context, edits, discarded.length > 0) && mayLift(desired, mark);
  const isOurs = lifted && desired.protection === undefined;
  const found = volumesOf(state, mark, desired, sizes);
  const moves = moveSteps(edits, present, input.moving, true);
  const steps: readonly Step[] = [
    ...revival(mark),
    ...(isOurs ? [liftStep('its disks change')] : []),
    ...editSteps(edits, 'first'),
    ...poolSteps(edits),
    ...resizeSteps(edits, true),
    ...editSteps(edits),
    ...resizeSteps(edits, false),
    ...moveSteps(edits, present, input.moving, false),
    ...powerSteps(present, edits),
    ...discarded.map(({ name, volume }) => discardStep(name, volume)),
    ...editSteps(edits, 'last'),
    ...(isOurs && keepsVolumes(desired, found, missing) ? [guardStep()] : []),
    ...guestSteps(mark, due, desired),
  ];
  const back = wayBackOf(input, present, steps, moves.length > 0);
  return {
    steps: [...back.before, ...moves, ...back.after, ...steps],
    wayBack: back.text,
    notes: [
      ...notes,
      ...moveNotes(edits, present, input.moving),
      ...templateNote(input, mark),
      ...reservedNote(reserved, rootLogin),
    ],
    refusals: [
      ...guarded(context, edits, discarded.length > 0),
      ...unclearRefusal(context),
      ...moveRefusals(edits, present, input.moving),
      ...reservedRefusal(state.vmid, reserved, rootLogin),
    ],
    data: dataOfChange(desired, present, sizes, 'kept'),
  };
}

function isLeftOut({ without }: PlanInput, { change: { field }, resize, move }: Edit): boolean {
  if (move !== undefined) return without?.has('move') === true;
  if (resize !== undefined) return without?.has(`resized ${resize.disk}`) === true;
  return (field === 'tags' || field === 'pool') && without?.has(field) === true;
}

/** What is kept before the change, and how the plan says it. */
function wayBackOf(
  { desired, wayBack: facts, now = new Date(0), followed }: PlanInput,
  { state, mark }: Present,
  steps: readonly Step[],
  moving: boolean,
): { readonly before: readonly Step[]; readonly after: readonly Step[]; readonly text: string } {
  const nothing = { before: [], after: [] };
  const last = lastWayBack(mark, now);
  if (!needsWayBack(mark, steps, followed) || facts === undefined) return { ...nothing, text: last };
  // What waits for its removal is in a snapshot too.
  const choice = chooseWayBack(
    desired.wayBack,
    { ...effectiveConfig(state), ...state.config },
    mark.good?.commit,
    facts,
  );
  const keep = keepSteps(choice, desired.commit);
  // A snapshot would hold what is to move.
  const late = moving && choice.kind === 'snapshot';
  const text = `${describeWayBack(choice)}; ${last}`;
  return late ? { before: [], after: keep, text } : { before: keep, after: [], text };
}

function revival({ role }: Mark): Step[] {
  return role === 'retired' ? [{ kind: 'revive', reason: 'it was retired', disruption: 'none' }] : [];
}

function editSteps(edits: readonly Edit[], order?: Edit['order']): Step[] {
  const due = edits.filter((edit) => edit.order === order && (edit.resize ?? edit.pool ?? edit.move) === undefined);
  if (due.length === 0) return [];
  const set: Parameters = Object.assign({}, ...due.map((edit) => edit.set ?? {}));
  const text = due.find((edit) => edit.text !== undefined)?.text;
  const guarded = due.find((edit) => edit.guarded !== undefined)?.guarded;
  return [
    {
      kind: 'update',
      set,
      remove: due.flatMap((edit) => edit.remove ?? []),
      ...(text === undefined ? {} : { text }),
      ...(guarded === undefined ? {} : { guarded }),
      ...(due.some(({ reserved }) => reserved !== undefined) ? { reserved: true as const } : {}),
      changes: due.map((edit) => edit.change),
      reason: 'config differs from the definition',
      disruption: 'none',
    },
  ];
}

function resizeSteps(edits: readonly Edit[], attached: boolean): Step[] {
  return edits.flatMap(({ resize, change: changed }): Step[] => {
    if (resize === undefined || resize.attached !== attached) return [];
    const { disk, size } = resize;
    return [{ kind: 'resize', disk, size, changes: [changed], reason: 'the disk is too small', disruption: 'none' }];
  });
}

function poolSteps(edits: readonly Edit[]): Step[] {
  return edits.flatMap(({ pool, change: changed }): Step[] => {
    if (pool === undefined) return [];
    const reason = 'it is in another pool or in none';
    return [{ kind: 'pool', pool, changes: [changed], reason, disruption: 'none' }];
  });
}

function powerSteps({ state }: Present, edits: readonly Edit[]): Step[] {
  if (!state.running) return [{ kind: 'start', reason: 'it is stopped', disruption: 'none' }];
  if (edits.some(({ move }) => move !== undefined))
    return [{ kind: 'start', reason: 'it was stopped for the move', disruption: 'none' }];
  if (edits.some((edit) => edit.change.disruption === 'restart'))
    return [{ kind: 'restart', reason: 'a change needs a restart', disruption: 'restart' }];
  // What is set anew does not wait for what was there before it.
  const set = new Set(edits.flatMap((edit) => Object.keys(edit.set ?? {})));
  const waiting = Object.keys(state.pending).filter((key) => MANAGED_PENDING.test(key) && !set.has(key));
  if (waiting.length === 0) return [];
  const reason = `changes wait for a restart: ${waiting.join(', ')}`;
  return [{ kind: 'restart', reason, disruption: 'restart' }];
}

function notesOf({ desired, sizes = new Map(), missing = new Set() }: PlanInput, present: Present): string[] {
  const { state, mark } = present;
  const foreign = Object.keys(state.pending).filter((key) => !MANAGED_PENDING.test(key));
  const named = volumesOf(state, mark, desired, sizes).filter(({ volid }) => !missing.has(volid));
  const nowhere = desired.deletedVolumes.filter((name) => !named.some((volume) => volume.name === name));
  const held = named.filter(({ name = '', place }) => place === 'lost' && desired.deletedVolumes.includes(name));
  return [
    ...(foreign.length > 0 ? [`changed by hand, waiting for a restart: ${foreign.join(', ')}`] : []),
    ...nowhere.map((name) => `volume ${name} is named for deletion, and there is none: the line can go`),
    ...held.map(({ name, volid }) => `volume ${name} (${volid}) goes once no snapshot of the container holds it`),
  ];
}

function templateNote({ desired, templates }: PlanInput, mark: Mark): string[] {
  const newer = newerTemplate(desired.template, mark.template, templates.present);
  return newer === undefined ? [] : [`a newer template is there: ${newer} (made from ${mark.template})`];
}

/** Only a template that git names literally can differ; a newer one is a note. */
function templateChange(desired: Desired, mark: Mark): Change[] {
  if (desired.template.kind !== 'volid' || mark.template === undefined) return [];
  if (desired.template.volid === mark.template) return [];
  return [change('template', mark.template, desired.template.volid, { disruption: 'replace' })];
}

/** Better than to replace it once more, and once more. */
function noEffect(vmid: number, reason: string): Refusal {
  const what = `Unable to bring container ${vmid} to its definition: it was replaced, and still ${reason}`;
  return { kind: 'user', reason: what, advice: ['something else may be changing it at the same time'] };
}

const takesAway = ({ remove = [] }: Edit): boolean => remove.some((key) => /^(mp|unused)\d+$/.test(key));

function isInTheWay({ config }: FieldContext, edits: readonly Edit[], discarding: boolean): boolean {
  return config.protection === '1' && (discarding || edits.some((edit) => touchesDisks(edit)));
}

function guarded(context: FieldContext, edits: readonly Edit[], discarding: boolean): Refusal[] {
  const { desired, mark, state } = context;
  if (!isInTheWay(context, edits, discarding) || mayLift(desired, mark)) return [];
  const touched = edits.filter((edit) => touchesDisks(edit)).map((edit) => edit.change.field);
  const what = touched.length === 0 ? 'the volumes that git deletes' : touched.join(', ');
  return [protectedRefusal(`change ${what} of container ${state.vmid}`, 'nothing was changed')];
}

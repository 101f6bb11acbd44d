import type { Desired } from '../model/desired.ts';
import type { Mark } from '../model/mark.ts';
import type { ContainerState } from '../model/observed.ts';
import type { Change, Parameters, Plan, Step } from '../model/plan.ts';
import { type Effective, editsOf } from './fields.ts';
import { createChanges, createParameters } from './parameters.ts';
import { chooseTemplate, newerTemplate, type TemplateFacts } from './template.ts';

/** What was found for a desired container. */
export type Observation =
  | { readonly kind: 'absent'; readonly vmid: number; readonly node: string }
  | {
      readonly kind: 'present';
      readonly state: ContainerState;
      readonly mark: Mark;
      /** The description without our lines. */
      readonly text: string;
    };

/** Hashes of what the guest steps would bring about; a step is due when the mark has another one. */
export interface Due {
  readonly baseline: string;
  /** undefined: this stretch does not configure. */
  readonly configuration: string | undefined;
  /** Configure although the hash is the same (dispatch, --force). */
  readonly force: boolean;
}

export interface PlanInput {
  readonly desired: Desired;
  readonly observed: Observation;
  readonly templates: TemplateFacts;
  readonly due: Due;
  /** Host path behind `MOUNT=share`. */
  readonly share?: string;
}

/** Decides everything that a run would do. Pure: the same input gives the same plan. */
export function plan(input: PlanInput): Plan {
  const { desired, observed } = input;
  const { vmid, node } = observed.kind === 'absent' ? observed : observed.state;
  const notes: string[] = [];
  const steps = desired.state === 'absent' ? absentSteps(observed) : presentSteps(input, notes);
  const id = desired.vmid.kind === 'fixed' ? desired.vmid.id : undefined;
  return {
    name: desired.name,
    stage: desired.stage,
    vmid,
    node,
    hostname: desired.hostname,
    address: addressOf(desired),
    steps,
    notes,
    ...(id === undefined ? {} : { id }),
  };
}

/** Config as it will be after the next restart. */
export function effectiveConfig(state: ContainerState): Effective {
  const config: Record<string, string> = { ...state.config };
  for (const [key, value] of Object.entries(state.pending)) {
    if (value === null) delete config[key];
    else config[key] = value;
  }
  return config;
}

/** Keys of ours that Proxmox VE leaves pending; others that wait were set by somebody else and restart nothing. */
const MANAGED_PENDING = /^(features|mp\d+|dev\d+)$/;

function addressOf(desired: Desired): string {
  const ipv4 = desired.interfaces[0]?.ipv4;
  if (ipv4 === undefined) return 'none';
  if (ipv4.kind === 'dhcp') return 'dhcp';
  const translated = ipv4.written === undefined ? '' : ` (translated from ${ipv4.written})`;
  return `${ipv4.address}/${ipv4.prefix}${translated}`;
}

function absentSteps(observed: Observation): Step[] {
  if (observed.kind === 'absent') return [];
  const reason = 'the definition says STATE=absent';
  const stop: Step[] = observed.state.running ? [{ kind: 'stop', reason, disruption: 'replace' }] : [];
  return [...stop, { kind: 'destroy', reason, disruption: 'replace' }];
}

function presentSteps(input: PlanInput, notes: string[]): Step[] {
  const { desired, observed, templates, due } = input;
  if (observed.kind === 'absent') return createSteps(input);

  const { state, mark } = observed;
  const newer = newerTemplate(desired.template, mark.template, templates.present);
  if (newer !== undefined) notes.push(`a newer template is there: ${newer} (made from ${mark.template})`);

  const edits = editsOf(desired, effectiveConfig(state), input.share);
  const replacing = edits.filter((edit) => edit.change.disruption === 'replace').map((edit) => edit.change);
  const otherTemplate = templateChange(desired, mark);
  if (otherTemplate !== undefined) replacing.push(otherTemplate);
  if (replacing.length > 0) {
    const reason = replacing.map((change) => change.note ?? `${change.field} differs`).join('; ');
    return [{ kind: 'replace', changes: replacing, reason, disruption: 'replace' }];
  }

  const steps: Step[] = [];
  for (const edit of edits) {
    if (edit.resize === undefined) continue;
    steps.push({
      kind: 'resize',
      ...edit.resize,
      changes: [edit.change],
      reason: 'the disk is too small',
      disruption: 'none',
    });
  }
  const updates = edits.filter((edit) => edit.resize === undefined);
  const restart = state.running && updates.some((edit) => edit.change.disruption === 'restart');
  if (updates.length > 0) {
    const set: Parameters = Object.assign({}, ...updates.map((edit) => edit.set ?? {}));
    steps.push({
      kind: 'update',
      set,
      remove: updates.flatMap((edit) => edit.remove ?? []),
      changes: updates.map((edit) => edit.change),
      reason: 'config differs from the definition',
      disruption: 'none',
    });
  }
  const pending = Object.keys(state.pending);
  const waiting = pending.filter((key) => MANAGED_PENDING.test(key));
  const foreign = pending.filter((key) => !MANAGED_PENDING.test(key));
  if (foreign.length > 0) notes.push(`changed by hand, waiting for a restart: ${foreign.join(', ')}`);
  if (!state.running) steps.push({ kind: 'start', reason: 'it is stopped', disruption: 'none' });
  else if (restart) steps.push({ kind: 'restart', reason: 'a change needs a restart', disruption: 'restart' });
  else if (waiting.length > 0) {
    const reason = `changes wait for a restart: ${waiting.join(', ')}`;
    steps.push({ kind: 'restart', reason, disruption: 'restart' });
  }
  return [...steps, ...guestSteps(mark, due, desired)];
}

function createSteps({ desired, observed, templates, due, share }: PlanInput): Step[] {
  const { vmid, node } = observed.kind === 'absent' ? observed : observed.state;
  const chosen = chooseTemplate(desired.template, templates);
  const parameters = createParameters(desired, share);
  const steps: Step[] = [];
  if (chosen.download !== undefined) {
    const reason = 'the template is not on the storage yet';
    steps.push({
      kind: 'download',
      node,
      storage: templates.storage,
      template: chosen.download,
      reason,
      disruption: 'none',
    });
  }
  steps.push(
    {
      kind: 'create',
      node,
      vmid,
      template: chosen.volid,
      parameters,
      changes: createChanges(desired, chosen.volid, parameters),
      reason: 'there is no such container',
      disruption: 'none',
    },
    { kind: 'start', reason: 'it is new', disruption: 'none' },
    { kind: 'baseline', reason: 'it is new', disruption: 'none' },
  );
  if (due.configuration !== undefined && desired.engine !== 'none') {
    steps.push({ kind: 'configure', reason: 'it is new', disruption: 'none' });
  }
  return steps;
}

function guestSteps(mark: Mark, due: Due, desired: Desired): Step[] {
  const steps: Step[] = [];
  const why = (applied: string | undefined, what: string): string =>
    applied === undefined ? `${what} has not been applied yet` : `${what} has changed`;
  if (mark.applied.baseline !== due.baseline) {
    steps.push({ kind: 'baseline', reason: why(mark.applied.baseline, 'the baseline'), disruption: 'none' });
  }
  if (due.configuration === undefined || desired.engine === 'none') return steps;
  const same = mark.applied.configuration === due.configuration;
  if (!same || due.force) {
    const reason = same ? 'asked for' : why(mark.applied.configuration, 'the configuration');
    steps.push({ kind: 'configure', reason, disruption: 'none' });
  }
  return steps;
}

/** Only a template that git names literally can differ; a newer one is a note. */
function templateChange(desired: Desired, mark: Mark): Change | undefined {
  if (desired.template.kind !== 'volid' || mark.template === undefined) return undefined;
  if (desired.template.volid === mark.template) return undefined;
  return { field: 'template', from: mark.template, to: desired.template.volid, disruption: 'replace' };
}

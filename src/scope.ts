import type { Observation } from './apply/context.ts';
import type { Desired } from './model/desired.ts';
import type { Plan, Step } from './model/plan.ts';
import { isRisky } from './plan/way-back.ts';

/** Which steps a stretch of the flow may take; what else is due is said and left. `plan`: it takes none. */
export type Scope = 'all' | 'plan' | 'resources' | 'configuration';

const RESOURCES: ReadonlySet<Step['kind']> = new Set([
  ...([
    'download',
    'image',
    'create',
    'update',
    'resize',
    'move',
    'migrate',
    'pool',
    'discard',
    'retire',
    'revive',
    'replace',
  ] as const),
  ...(['start', 'restart', 'stop', 'destroy', 'baseline'] as const),
]);

/** Whether a stretch only makes what the next one configures. */
export function isFollowed(scope: Scope, { state }: Pick<Desired, 'state'>): boolean {
  return scope === 'resources' && state === 'present';
}

/** The stretch before has built a candidate, or a run was cut off. */
export function isReplacing(seen: Observation): boolean {
  return seen.kind === 'absent' ? seen.candidate !== undefined : seen.mark.promotion !== undefined;
}

/** The part of a plan that a stretch takes; what else is due is said and left. */
export function within(whole: Plan, scope: 'resources' | 'configuration', replacing: boolean): Plan {
  // The one stretch builds a candidate, the next one configures and promotes it.
  const inScope = (step: Step): boolean =>
    RESOURCES.has(step.kind) === (scope === 'resources') || (replacing && step.kind === 'replace');
  const due = whole.steps.filter((step) => step.kind !== 'keep' && inScope(step));
  const steps = isRisky(due, scope === 'resources')
    ? [...whole.steps.filter(({ kind }) => kind === 'keep'), ...due]
    : due;
  if (scope === 'resources') return { ...whole, steps };
  const left = whole.steps.filter((step) => step.kind !== 'keep' && !inScope(step));
  const notes = left.length === 0 ? [] : [`pending for release: ${left.map((step) => step.kind).join(', ')}`];
  // Nothing of these is done here, so nothing of them can be refused, and no data is touched.
  const data = whole.data
    .filter(({ fate }) => fate !== 'new')
    .map((line) => ({ ...line, fate: line.fate === 'attached' ? ('detached' as const) : ('kept' as const) }));
  return {
    ...whole,
    steps,
    data,
    refusals: whole.refusals.filter(({ always }) => always),
    notes: [...whole.notes, ...notes],
  };
}

/** The templates were read before the download; they are not read again only to see it. */
export function withoutDownload(whole: Plan): Plan {
  return { ...whole, steps: whole.steps.filter((step) => step.kind !== 'download') };
}

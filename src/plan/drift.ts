import type { Change, Plan, Step } from '../model/plan.ts';

/** Every change of a plan that stands in a step. */
export function changesOf(plan: Plan): readonly Change[] {
  return plan.steps.flatMap((step) => ('changes' in step ? step.changes : []));
}

/**
 * Tells what was changed by hand from what git wants changed: a field that differs from what the deployed commit wanted
 * has drifted, whatever the commit now wants of it. Pure.
 */
export function markDrift(plan: Plan, deployed: Plan): Plan {
  const drifted = new Set(changesOf(deployed).map(({ field }) => field));
  if (drifted.size === 0) return plan;
  const steps = plan.steps.map((step): Step => {
    if (!('changes' in step) || step.kind === 'create') return step;
    const changes = step.changes.map((change) => (drifted.has(change.field) ? { ...change, drift: true } : change));
    return { ...step, changes } as Step;
  });
  return { ...plan, steps };
}

/** Tasks that change a container beside its config, which Proxmox VE writes without a task. */
export const TELLING_TASKS: ReadonlySet<string> = new Set([
  'resize',
  'move_volume',
  'vzrollback',
  'vzrestore',
  'vzmigrate',
]);

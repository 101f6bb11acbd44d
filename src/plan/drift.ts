import type { TaskState } from '../model/observed.ts';
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

/** Tasks that change what a container is. Its config Proxmox VE writes without one: who did that is nowhere. */
const CHANGING: ReadonlySet<string> = new Set(['resize', 'move_volume', 'vzrollback', 'vzrestore', 'vzmigrate']);
/** Why one does not run. One that was shut down from the inside, or by its node, has neither. */
const STOPPING: ReadonlySet<string> = new Set(['vzstop', 'vzshutdown', 'vzsuspend']);
const TOLD = 5;

/** Who did what since `since` (seconds), newest first, as far as the task list tells. Pure. */
export function toldBy(
  tasks: readonly Pick<TaskState, 'type' | 'user' | 'started'>[],
  since: number,
  running: boolean,
): readonly string[] {
  const later = tasks.filter(({ started }) => started > since).toSorted((a, b) => b.started - a.started);
  const stop = running ? undefined : later.find(({ type }) => STOPPING.has(type));
  return later
    .filter((task) => CHANGING.has(task.type) || task === stop)
    .slice(0, TOLD)
    .map(({ type, user, started }) => {
      const at = new Date(started * 1000).toISOString().slice(0, 16).replace('T', ' ');
      return `since the deploy: ${type} by ${user}, ${at} UTC`;
    });
}

/** Whether a plan starts a container that somebody has stopped: the one kind of drift that no field tells. */
export function isStopped({ running }: { readonly running: boolean }, { steps }: Plan): boolean {
  return !running && steps.some(({ kind }) => kind === 'start');
}

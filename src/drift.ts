import type { Observation } from './apply/context.ts';
import { call, DEADLINES } from './apply/deadlines.ts';
import type { Desired } from './model/desired.ts';
import { isGitopsError } from './model/errors.ts';
import type { Plan } from './model/plan.ts';
import type { Ports } from './model/ports.ts';
import { changesOf, markDrift, TELLING_TASKS } from './plan/drift.ts';
import { ContainerRun, type RunOptions } from './run.ts';

/**
 * The plan with what was changed by hand told apart, and who did what since the deploy where the node's task list tells.
 * The deployed commit must be in the repository's history; else the plan is as it was.
 */
export async function withDrift(
  ports: Ports,
  options: RunOptions,
  plan: Plan,
  seen: Observation,
  define: (directory: string, commit: string) => Promise<Desired>,
): Promise<Plan> {
  const { directory, signal } = options;
  if (seen.kind === 'absent' || directory === undefined || changesOf(plan).length === 0) return plan;
  const { commit } = seen.mark;
  if (commit === undefined || seen.mark.role !== 'live') return plan;
  const deployed = await desiredOf(ports, directory, commit, define);
  if (deployed === undefined) return plan;
  const run = new ContainerRun(ports, { ...options, desired: deployed, back: true, scope: 'plan' });
  try {
    await run.input();
    const marked = markDrift(plan, run.decide(await run.observe(), new Set()));
    if (marked === plan) return plan;
    const since = Date.parse(seen.mark.good?.at ?? '') / 1000;
    if (Number.isNaN(since)) return marked;
    const { node, vmid } = seen.state;
    const tasks = await ports.inventory.tasks(node, vmid, call(DEADLINES.read, signal));
    const told = tasks.filter(({ type, started }) => TELLING_TASKS.has(type) && started > since).slice(0, 5);
    const notes = told.map(({ type, user, started }) => {
      const at = new Date(started * 1000).toISOString().slice(0, 16).replace('T', ' ');
      return `since the deploy: ${type} by ${user}, ${at} UTC`;
    });
    return { ...marked, notes: [...marked.notes, ...notes] };
  } finally {
    await run.close();
  }
}

/** undefined: the history does not reach the commit, or its definition cannot be read any more. */
async function desiredOf(
  ports: Ports,
  directory: string,
  commit: string,
  define: (directory: string, commit: string) => Promise<Desired>,
): Promise<Desired | undefined> {
  try {
    const past = await ports.source.at(directory, commit);
    try {
      return await define(past.directory, commit);
    } finally {
      await past.close();
    }
  } catch (error) {
    if (isGitopsError(error) && (error.kind === 'user' || error.kind === 'host')) return undefined;
    throw error;
  }
}

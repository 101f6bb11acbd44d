import type { Observation } from './apply/context.ts';
import { call, DEADLINES } from './apply/deadlines.ts';
import type { Desired } from './model/desired.ts';
import { isGitopsError } from './model/errors.ts';
import type { Mark } from './model/mark.ts';
import type { Plan } from './model/plan.ts';
import type { Ports } from './model/ports.ts';
import { changesOf, isStopped, markDrift, toldBy } from './plan/drift.ts';
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
  if (seen.kind === 'absent' || seen.mark.role !== 'live') return plan;
  const marked =
    directory === undefined ? plan : await withMarks(ports, { ...options, directory }, plan, seen.mark, define);
  if (marked === plan && !isStopped(seen.state, plan)) return plan;
  const since = Date.parse(seen.mark.good?.at ?? '') / 1000;
  if (Number.isNaN(since)) return marked;
  const { node, vmid, running } = seen.state;
  const tasks = await ports.inventory.tasks(node, vmid, call(DEADLINES.read, signal));
  return { ...marked, notes: [...marked.notes, ...toldBy(tasks, since, running)] };
}

/** The same plan when nothing was changed by hand, or nobody can tell. */
async function withMarks(
  ports: Ports,
  options: RunOptions & { readonly directory: string },
  plan: Plan,
  { commit }: Mark,
  define: (directory: string, commit: string) => Promise<Desired>,
): Promise<Plan> {
  if (commit === undefined || changesOf(plan).length === 0) return plan;
  const deployed = await desiredOf(ports, options.directory, commit, define);
  if (deployed === undefined) return plan;
  const run = new ContainerRun(ports, { ...options, desired: deployed, back: true, scope: 'plan' });
  try {
    return markDrift(plan, (await run.preview()).plan);
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

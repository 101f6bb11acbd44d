import type { Observation } from './apply/context.ts';
import type { Desired } from './model/desired.ts';
import { GitopsError, isGitopsError } from './model/errors.ts';
import type { PastState } from './model/mark.ts';
import type { Outcome } from './model/outcome.ts';
import type { Plan, Step } from './model/plan.ts';
import type { Ports } from './model/ports.ts';
import { inPlace, withTodaysDisks } from './plan/todays-disks.ts';
import { ContainerRun, type RunOptions } from './run.ts';

/** What a way back needs of the flow: a definition as of another commit, and the flow itself. */
export interface Again {
  /** The desired state of the definition in another directory. */
  define(directory: string, commit: string): Promise<Desired>;
  /** As far as the options say; what comes of an attempt is for who goes back to settle. */
  run(options: RunOptions): Promise<Outcome>;
}

type Present = Extract<Observation, { kind: 'present' }>;

const RESOURCES: ReadonlySet<Step['kind']> = new Set(['resize', 'move', 'migrate', 'pool', 'discard', 'replace']);

/**
 * The commit of a past state once more, with today's volumes: configured in the container that is there; where that fails, in
 * one that is made anew beside it. Throws when neither came about.
 */
export async function convergeAgain(
  ports: Ports,
  options: RunOptions,
  past: PastState,
  seen: Present,
  again: Again,
): Promise<void> {
  const { directory } = options;
  if (past.commit === undefined || directory === undefined) {
    throw new GitopsError('user', 'Unable to configure the last good state again: no commit names it');
  }
  const source = await ports.source.at(directory, past.commit);
  try {
    const desired = withTodaysDisks(await again.define(source.directory, past.commit), seen, options.desired);
    const whole = { ...options, directory: source.directory, back: true, rebuild: false };
    const there: RunOptions = { ...whole, desired: inPlace(desired, seen), scope: 'plan', force: true };
    const plan = await planOf(ports, there);
    const isPending = options.scope !== 'all' && !plan.steps.every(isWayBack);
    const isFree = !isPending && plan.refusals.length === 0;
    const first = await again.run({ ...there, scope: isFree ? 'all' : 'configuration' });
    if (first.kind !== 'failed') return;
    if (isPending) throw new GitopsError('remote', first.message);
    ports.reporter.tell({ kind: 'warning', text: `${first.message}: it is made anew, with its volumes as they are` });
    const second = await madeAnew(
      again,
      { ...whole, desired, scope: 'all', force: false, rebuild: true },
      options.signal,
    );
    if (second !== undefined) throw new GitopsError('remote', `${first.message}; made anew: ${second}`);
  } finally {
    await source.close();
  }
}

async function planOf(ports: Ports, options: RunOptions): Promise<Plan> {
  const run = new ContainerRun(ports, options);
  try {
    await run.input();
    return run.decide(await run.observe(), new Set());
  } finally {
    await run.close();
  }
}

/** Whether a step only brings volumes back, and what is in the container. Anything else was pending for release, and stays so. */
function isWayBack(step: Step): boolean {
  if (step.kind !== 'update') return !RESOURCES.has(step.kind);
  return step.changes.every(({ field }) => field.startsWith('volume ') || field === 'protection');
}

/** Why not; undefined: it serves. */
async function madeAnew(again: Again, options: RunOptions, signal: AbortSignal): Promise<string | undefined> {
  try {
    const outcome = await again.run(options);
    return outcome.kind === 'failed' ? outcome.message : undefined;
  } catch (error) {
    if (signal.aborted || !isGitopsError(error)) throw error;
    return error.message;
  }
}

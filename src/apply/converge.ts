import { GitopsError, isGitopsError } from '../model/errors.ts';
import type { StepResult } from '../model/outcome.ts';
import type { Plan, Step } from '../model/plan.ts';
import type { ConvergeInput, Done, Observation, Taken } from './context.ts';
import { call, DEADLINES } from './deadlines.ts';
import { book, hold, leftBehind, release } from './hold.ts';
import { ReplaceFailure } from './promote/failure.ts';
import { refuse } from './refuse.ts';
import { runStep } from './run-step.ts';
import { startAgain } from './steps/move.ts';

/** How a convergence ended. `plan` is the one that it began with. */
export type Converged =
  | {
      readonly kind: 'done';
      readonly plan: Plan;
      readonly results: readonly StepResult[];
      readonly observation: Observation;
    }
  | {
      readonly kind: 'failed';
      readonly plan: Plan;
      readonly results: readonly StepResult[];
      readonly step: Step;
      readonly error: unknown;
      /** Whether anything of the container may differ from what it was. */
      readonly changed: boolean;
    };

/** A step that leaves something half done when it fails; the others fail whole. */
const PARTIAL: readonly Step['kind'][] = ['baseline', 'configure', 'restart', 'stop', 'destroy', 'move', 'migrate'];

/** Steps under a digest: when it is stale nothing has happened, and the plan is made anew. */
const GUARDED: readonly Step['kind'][] = ['update', 'resize', 'discard', 'retire', 'move'];

/**
 * Runs the first step of the plan, looks again, plans again, until nothing is due. There is no program counter, so a
 * run that was killed is finished by the next one. Throws when nothing has been changed; a failure after that is a
 * result.
 */
export async function converge(input: ConvergeInput): Promise<Converged> {
  const taken = new Set<Taken>();
  const attempts = new Map<string, number>();
  const results: StepResult[] = [];
  let observation = await input.observe();
  const first = input.decide(observation, taken);
  refuse(first);
  const unbooked = observation.kind === 'present' && input.volumes(observation, taken) !== undefined;
  if (first.steps.length === 0 && !unbooked && !(await leftBehind(input, observation))) {
    return { kind: 'done', plan: first, results, observation };
  }

  observation = await hold(input, observation);
  let step: Step | undefined;
  let begun = false;
  for (;;) {
    try {
      begun = false;
      observation = await book(input, observation, taken);
      const plan = input.decide(observation, taken);
      refuse(plan);
      step = plan.steps[0];
      if (step === undefined) break;
      count(attempts, step, plan.vmid);
      const due = step;
      begun = true;
      results.push(await timed(input, due, () => runStep(input, due, observation, taken)));
      observation = await input.observe();
    } catch (error) {
      const looked = step === undefined || !begun ? undefined : await lookAgain(input, step, error);
      if (looked !== undefined) {
        observation = looked;
        continue;
      }
      if ((step?.kind === 'move' || step?.kind === 'migrate') && !input.signal.aborted)
        await startAgain(input).catch(() => undefined);
      await release(input, await input.observe().catch(() => observation)).catch(() => undefined);
      const partial = (step !== undefined && PARTIAL.includes(step.kind)) || error instanceof ReplaceFailure;
      const changed = partial || results.some(({ kind }) => kind !== 'download' && kind !== 'image');
      if (!changed || step === undefined) throw error;
      return { kind: 'failed', plan: first, results, step, error, changed };
    }
  }
  return { kind: 'done', plan: first, results, observation: await release(input, observation) };
}

/**
 * After an answer that leaves open whether the work happened, or a stale digest: waits for what is at work on the
 * server and looks. undefined: the error is a plain failure.
 */
async function lookAgain(input: ConvergeInput, step: Step, error: unknown): Promise<Observation | undefined> {
  if (!isGitopsError(error) || error instanceof ReplaceFailure || input.signal.aborted) return undefined;
  const stale = error.kind === 'busy' && GUARDED.includes(step.kind);
  const lostRace = step.kind === 'create' && /already exists/.test(error.message);
  if (error.remote.uncertain !== true && !stale && !lostRace) return undefined;
  input.ports.reporter.tell({ kind: 'warning', text: `${error.message}; looking whether it happened` });
  const before = await input.observe();
  const { vmid, node } = before.kind === 'absent' ? before : before.state;
  for (const task of await input.ports.inventory.tasks(node, vmid, call(DEADLINES.read, input.signal))) {
    if (task.running)
      await input.ports.containers.settle(node, task.upid, call(DEADLINES.create, input.signal)).catch(() => undefined);
  }
  return hold(input, await input.observe());
}

/** A step that is due again after it was run twice has no effect: better an error than a loop. */
function count(attempts: Map<string, number>, step: Step, vmid: number): void {
  const key = JSON.stringify(step);
  const times = (attempts.get(key) ?? 0) + 1;
  attempts.set(key, times);
  if (times > 2) {
    throw new GitopsError(
      'remote',
      `Unable to bring container ${vmid} to its definition: ${step.kind} has no lasting effect`,
      {
        advice: ['something else may be changing it at the same time'],
      },
    );
  }
}

async function timed(input: ConvergeInput, step: Step, work: () => Promise<Done>): Promise<StepResult> {
  const { clock, reporter } = input.ports;
  const what = `${step.kind}: ${step.reason}`;
  const began = clock.now().getTime();
  reporter.tell({ kind: 'started', what });
  try {
    const done = await work();
    const milliseconds = clock.now().getTime() - began;
    const result = { kind: step.kind, changes: [], changed: [], ...done, milliseconds };
    reporter.tell({ kind: 'finished', what, result });
    for (const warning of done.warnings) reporter.tell({ kind: 'warning', text: warning });
    return result;
  } catch (error) {
    reporter.tell({ kind: 'failed', what, message: error instanceof Error ? error.message : String(error) });
    throw error;
  }
}

import { GitopsError, isGitopsError } from '../model/errors.ts';
import type { StepResult } from '../model/outcome.ts';
import type { Plan, Step } from '../model/plan.ts';
import type { ConvergeInput, Done, Observation } from './context.ts';
import { call, DEADLINES } from './deadlines.ts';
import { assertFree, type Holding, newLease, whileRenewing, writeMark } from './lease.ts';
import { resize, update } from './steps/change.ts';
import { create, pinnedHostKeys } from './steps/create.ts';
import { power } from './steps/power.ts';

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
const PARTIAL: readonly Step['kind'][] = ['baseline', 'configure', 'restart', 'stop', 'destroy'];

/**
 * Runs the first step of the plan, looks again, plans again, until nothing is due. There is no program counter, so a
 * run that was killed is finished by the next one. Throws when nothing has been changed; a failure after that is a
 * result.
 */
export async function converge(input: ConvergeInput): Promise<Converged> {
  const taken = new Set<Step['kind']>();
  const attempts = new Map<string, number>();
  const results: StepResult[] = [];
  let observation = await input.observe();
  const first = input.decide(observation, taken);
  refuseReplace(first);
  if (first.steps.length === 0 && !(await leftBehind(input, observation))) {
    return { kind: 'done', plan: first, results, observation };
  }

  observation = await hold(input, observation);
  for (;;) {
    const plan = input.decide(observation, taken);
    refuseReplace(plan);
    const step = plan.steps[0];
    if (step === undefined) break;
    try {
      count(attempts, step, plan.vmid);
      results.push(await timed(input, step, () => run(input, step, observation, taken)));
      observation = await input.observe();
    } catch (error) {
      const looked = await lookAgain(input, step, error);
      if (looked !== undefined) {
        observation = looked;
        continue;
      }
      await release(input, await input.observe().catch(() => observation)).catch(() => undefined);
      const changed = PARTIAL.includes(step.kind) || results.some((result) => result.kind !== 'download');
      if (!changed) throw error;
      return { kind: 'failed', plan: first, results, step, error, changed };
    }
  }
  return { kind: 'done', plan: first, results, observation: await release(input, observation) };
}

async function run(
  input: ConvergeInput,
  step: Step,
  observation: Observation,
  taken: Set<Step['kind']>,
): Promise<Done & { readonly changed?: readonly string[] }> {
  if (step.kind === 'create') return create(input, step);
  if (step.kind === 'download') {
    const deadline = call(DEADLINES.download, input.signal);
    taken.add('download');
    const task = await input.ports.containers.downloadTemplate(step.node, step.storage, step.template, deadline);
    return { summary: `template ${step.template} is there`, warnings: task.warnings };
  }
  if (observation.kind === 'absent') {
    throw new GitopsError('remote', `Unable to ${step.kind} container ${observation.vmid}: it is gone`);
  }
  switch (step.kind) {
    case 'update':
      return update(input, step, observation);
    case 'resize':
      return resize(input, step, observation);
    case 'start':
    case 'restart':
    case 'stop':
    case 'destroy':
      return power(input, step, observation);
    case 'baseline':
    case 'configure':
      taken.add(step.kind);
      return guest(input, step.kind, observation);
    case 'replace':
      throw new GitopsError('bug', 'a replace reached apply');
    default:
      return step satisfies never;
  }
}

async function guest(input: ConvergeInput, kind: 'baseline' | 'configure', seen: Holding): Promise<Done> {
  const { vmid, node } = seen.state;
  let holding: Holding = seen;
  if (seen.mark.hostKeys.length === 0) {
    holding = { ...seen, mark: { ...seen.mark, hostKeys: await pinnedHostKeys(input, node, vmid) } };
  }
  const renew = () => remember(input, { hostKeys: holding.mark.hostKeys });
  const done = await whileRenewing(input.ports, renew, input.signal, () => input.guest[kind](holding));
  await remember(input, { ...done.mark, hostKeys: holding.mark.hostKeys });
  return done.result;
}

/** Writes into the mark of a container that this run holds, with the lease renewed. */
async function remember(input: ConvergeInput, patch: Partial<Holding['mark']>): Promise<void> {
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const now = await input.observe();
    if (now.kind === 'absent') break;
    if (now.mark.lease?.run !== input.ports.runs.id) break;
    const applied = { ...now.mark.applied, ...patch.applied };
    const mark = { ...now.mark, ...patch, applied, lease: newLease(input.ports) };
    if (await writeMark(input.ports, now, mark, input.signal)) return;
  }
  throw new GitopsError('busy', 'Unable to write the owner mark: another run has taken the container');
}

/** Whether a run that is gone has left its lease on a container that needs nothing else. */
async function leftBehind(input: ConvergeInput, observation: Observation): Promise<boolean> {
  if (observation.kind === 'absent' || observation.mark.lease === undefined) return false;
  return assertFree(input.ports, observation, input.signal).then(
    () => true,
    () => false,
  );
}

/** Takes the lease of a container that is there; for one that is not, the create call is the lock. */
async function hold(input: ConvergeInput, seen: Observation): Promise<Observation> {
  let observation = seen;
  for (let attempt = 0; attempt < 5; attempt += 1) {
    if (observation.kind === 'absent') return observation;
    await assertFree(input.ports, observation, input.signal);
    const mark = { ...observation.mark, lease: newLease(input.ports) };
    const written = await writeMark(input.ports, observation, mark, input.signal);
    observation = await input.observe();
    if (written && observation.kind === 'present' && observation.mark.lease?.run === input.ports.runs.id)
      return observation;
  }
  const { vmid } = observation.kind === 'absent' ? observation : observation.state;
  throw new GitopsError('busy', `Unable to take the lease of container ${vmid}: its config keeps changing`);
}

async function release(input: ConvergeInput, seen: Observation): Promise<Observation> {
  let observation = seen;
  for (let attempt = 0; attempt < 5; attempt += 1) {
    if (observation.kind === 'absent' || observation.mark.lease?.run !== input.ports.runs.id) return observation;
    const { lease: _, ...mark } = observation.mark;
    await writeMark(input.ports, observation, mark, input.signal);
    observation = await input.observe();
  }
  return observation;
}

/**
 * After an answer that leaves open whether the work happened, or a stale digest: waits for what is at work on the
 * server and looks. undefined: the error is a plain failure.
 */
async function lookAgain(input: ConvergeInput, step: Step, error: unknown): Promise<Observation | undefined> {
  if (!isGitopsError(error) || input.signal.aborted) return undefined;
  const stale = error.kind === 'busy' && step.kind === 'update';
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

function refuseReplace(plan: Plan): void {
  const step = plan.steps.find((entry) => entry.kind === 'replace');
  if (step === undefined) return;
  throw new GitopsError(
    'user',
    `Unable to apply the plan of container ${plan.vmid}: it needs a replace (${step.reason})`,
    {
      advice: [
        'this version shows a replace and does not carry it out; nothing was changed',
        'take the change back in git, or destroy the container on purpose: pve-gitops destroy DIR',
      ],
    },
  );
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

import { GitopsError, isGitopsError } from '../model/errors.ts';
import type { Mark } from '../model/mark.ts';
import type { ImageStep, Step } from '../model/plan.ts';
import { formerValues, takeWayBack } from './back/take.ts';
import type { ConvergeInput, Done, Observation, Taken } from './context.ts';
import { call, DEADLINES } from './deadlines.ts';
import { forgetConfiguration, remember } from './hold.ts';
import { ownHostKeys } from './image/own-keys.ts';
import { type Holding, whileRenewing } from './lease.ts';
import { pool, resize, update } from './steps/change.ts';
import { create, pinnedHostKeys } from './steps/create.ts';
import { discard } from './steps/discard.ts';
import { migrate } from './steps/migrate.ts';
import { move } from './steps/move.ts';
import { power } from './steps/power.ts';
import { retire, revive } from './steps/role.ts';

/** Carries out one step on what was just seen. */
export async function runStep(
  input: ConvergeInput,
  step: Step,
  observation: Observation,
  taken: Set<Taken>,
): Promise<Done> {
  if (step.kind === 'create') return create(input, step, taken);
  if (step.kind === 'download') {
    const deadline = call(DEADLINES.download, input.signal);
    taken.add('download');
    const task = await input.ports.containers.downloadTemplate(step.node, step.storage, step.template, deadline);
    return { summary: `template ${step.template} is there`, warnings: task.warnings };
  }
  if (step.kind === 'image') {
    taken.add('image');
    return imageOrNot(input, step);
  }
  if (step.kind === 'replace') {
    taken.add('replace');
    try {
      return await input.replace(observation);
    } catch (error) {
      // One that broke off is not done: whoever looks again goes on with it.
      taken.delete('replace');
      throw error;
    }
  }
  if (observation.kind === 'absent') {
    throw new GitopsError('remote', `Unable to ${step.kind} container ${observation.vmid}: it is gone`);
  }
  switch (step.kind) {
    case 'update':
      return update(input, step, observation, taken);
    case 'resize':
      return resize(input, step, observation, taken);
    case 'move':
      return move(input, step, observation);
    case 'migrate':
      return migrate(input, step, observation);
    case 'pool':
      taken.add('pool');
      return pool(input, step, observation);
    case 'keep': {
      const { attempt, summary } = await takeWayBack(input.ports, observation, step.way, step.trying, input.signal);
      const { steps } = input.decide(observation, taken);
      const before = step.way.kind === 'converge' ? formerValues(observation.state, steps) : undefined;
      await remember(input, { attempt: before === undefined ? attempt : { ...attempt, before } });
      return { summary, warnings: [] };
    }
    case 'discard':
      return discard(input, step, observation, taken);
    case 'retire':
      return retire(input, observation);
    case 'revive':
      return revive(input);
    case 'start':
    case 'restart':
    case 'stop':
    case 'destroy':
      return power(input, step, observation);
    case 'baseline':
    case 'configure':
      taken.add(step.kind);
      return guest(input, step.kind, observation);
    default:
      return step satisfies never;
  }
}

/** Without an image a container is made from its template: what keeps it from being built is said, and is no failure. */
async function imageOrNot(input: ConvergeInput, step: ImageStep): Promise<Done> {
  try {
    return await input.image(step);
  } catch (error) {
    if (input.signal.aborted || !isGitopsError(error) || error.kind === 'bug') throw error;
    const warning = `no image: ${error.message}; the container is made from its template`;
    return { summary: `image ${step.name} could not be built`, warnings: [warning] };
  }
}

async function guest(
  input: ConvergeInput,
  kind: 'baseline' | 'configure',
  seen: Extract<Observation, { kind: 'present' }>,
): Promise<Done> {
  const { vmid, node } = seen.state;
  let holding: Holding = seen;
  // Until this run writes something itself, it need not look again.
  let last: Observation | undefined = seen;
  const once = (): Observation | undefined => {
    const before = last;
    last = undefined;
    return before;
  };
  const write = (patch: Partial<Mark>): Promise<void> => remember(input, patch, once());
  if (seen.mark.hostKeys.length === 0) {
    holding = { ...seen, mark: { ...seen.mark, hostKeys: await pinnedHostKeys(input, node, vmid) } };
  }
  if (holding.mark.borrowedKeys === true) holding = await withOwnKeys(input, holding, write);
  // A run that is killed in the middle of another configuration leaves neither that nor the one before.
  if (kind === 'configure' && holding.mark.applied.configuration !== undefined)
    await forgetConfiguration(input, once());
  const renew = () => write({ hostKeys: holding.mark.hostKeys });
  const done = await whileRenewing(input.ports, renew, input.signal, () => input.guest[kind](holding));
  await write({ ...done.mark, hostKeys: holding.mark.hostKeys, borrowedKeys: undefined });
  return done.result;
}

async function withOwnKeys(
  input: ConvergeInput,
  holding: Holding,
  write: (patch: Pick<Mark, 'hostKeys'>) => Promise<void>,
): Promise<Holding> {
  const wish = {
    vmid: holding.state.vmid,
    known: holding.mark.hostKeys,
    call: call(DEADLINES.power, input.signal),
  };
  const hostKeys = await ownHostKeys(await input.shell(holding), wish, write);
  return { ...holding, mark: { ...holding.mark, hostKeys } };
}

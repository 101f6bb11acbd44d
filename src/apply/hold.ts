import { GitopsError } from '../model/errors.ts';
import type { ConvergeInput, Observation, Taken } from './context.ts';
import { assertFree, type Holding, newLease, writeMark } from './lease.ts';

/** How often a mark is written anew when somebody else changes the container at the same moment. */
const ATTEMPTS = 5;

/** Takes the lease of a container that is there; for one that is not, the create call is the lock. */
export async function hold(input: ConvergeInput, seen: Observation): Promise<Observation> {
  let observation = seen;
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    if (observation.kind === 'absent') return observation;
    if (await assertFree(input.ports, observation, input.signal)) observation = await input.observe();
    if (observation.kind === 'absent') return observation;
    // A run that was killed right before its DELETE has left its word; what holds now is this run's plan.
    const { phase: _, ...kept } = observation.mark;
    const mark = { ...kept, lease: newLease(input.ports) };
    const written = await writeMark(input.ports, observation, mark, input.signal);
    observation = await input.observe();
    if (written && isHeld(input, observation)) return observation;
  }
  const { vmid } = observation.kind === 'absent' ? observation : observation.state;
  throw new GitopsError('busy', `Unable to take the lease of container ${vmid}: its config keeps changing`);
}

export async function release(input: ConvergeInput, seen: Observation): Promise<Observation> {
  let observation = seen;
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    if (!isHeld(input, observation)) return observation;
    const { lease: _, ...mark } = observation.mark;
    // Nothing of this run comes after it, so that nobody needs to know the digest that it has now.
    if (await writeMark(input.ports, observation, mark, input.signal)) return { ...observation, mark };
    observation = await input.observe();
  }
  return observation;
}

/** Whether a run that is gone has left its lease on a container that needs nothing else. */
export async function leftBehind(input: ConvergeInput, observation: Observation): Promise<boolean> {
  if (observation.kind === 'absent' || observation.mark.lease === undefined) return false;
  return assertFree(input.ports, observation, input.signal).then(
    () => true,
    () => false,
  );
}

/**
 * From now on, until its configuration has ended well, nobody knows what a container has: it counts as not configured.
 * `seen`: as for remember.
 */
export async function forgetConfiguration(input: ConvergeInput, seen?: Observation): Promise<void> {
  await rewrite(input, ({ applied: { configuration: _, ...applied }, ...mark }) => ({ ...mark, applied }), seen);
}

/**
 * Writes into the mark of a container that this run holds, with the lease renewed. `seen`: as it was when this run looked last;
 * when it was changed since, its digest is stale, and it is looked at again.
 */
export async function remember(
  input: ConvergeInput,
  patch: Partial<Holding['mark']>,
  seen?: Observation,
): Promise<void> {
  await rewrite(input, (mark) => ({ ...mark, ...patch, applied: { ...mark.applied, ...patch.applied } }), seen);
}

async function rewrite(
  input: ConvergeInput,
  change: (mark: Holding['mark']) => Holding['mark'],
  seen: Observation | undefined,
): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const now: Observation = attempt === 0 && seen !== undefined ? seen : await input.observe();
    if (!isHeld(input, now)) break;
    const mark = { ...change(now.mark), lease: newLease(input.ports) };
    if (await writeMark(input.ports, now, mark, input.signal)) return;
  }
  throw new GitopsError('busy', 'Unable to write the owner mark: another run has taken the container');
}

/** Keeps the mark's map of volumes true, so that a name means the same volume in every run to come. */
export async function book(input: ConvergeInput, seen: Observation, done: ReadonlySet<Taken>): Promise<Observation> {
  let observation = seen;
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    if (!isHeld(input, observation)) return observation;
    // In a replace volumes change their names with every move: it keeps the map itself.
    if (observation.mark.promotion !== undefined) return observation;
    const volumes = input.volumes(observation, done);
    if (volumes === undefined) return observation;
    const { volumes: _, moving: __, ...rest } = observation.mark;
    const named = Object.keys(volumes).length === 0 ? {} : { volumes };
    await writeMark(input.ports, observation, { ...rest, ...named, lease: newLease(input.ports) }, input.signal);
    observation = await input.observe();
  }
  throw new GitopsError('busy', 'Unable to write the names of the volumes into the owner mark: it keeps changing');
}

function isHeld(
  input: ConvergeInput,
  observation: Observation,
): observation is Extract<Observation, { kind: 'present' }> {
  return observation.kind === 'present' && observation.mark.lease?.run === input.ports.runs.id;
}

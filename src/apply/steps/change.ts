import { isGitopsError } from '../../model/errors.ts';
import type { ResizeStep, UpdateStep } from '../../model/plan.ts';
import type { ConvergeInput, Done } from '../context.ts';
import { call, DEADLINES } from '../deadlines.ts';
import type { Holding } from '../lease.ts';

const names = (step: UpdateStep | ResizeStep): string => step.changes.map((change) => change.field).join(', ');

/** One config call with the digest of the config that the plan was made from. */
export async function update(input: ConvergeInput, step: UpdateStep, { state }: Holding): Promise<Done> {
  const { containers } = input.ports;
  const write = call(DEADLINES.write, input.signal);
  const send = (set: UpdateStep['set']) =>
    containers.update(state.node, state.vmid, { set, remove: step.remove }, state.digest, write);
  try {
    await send(step.set);
    return { summary: `changed ${names(step)}`, warnings: [], changes: step.changes };
  } catch (error) {
    const { tags, ...rest } = step.set;
    const refused = isGitopsError(error) && error.remote.status === 403 && /modifying tag/.test(error.message);
    if (!refused || tags === undefined || Object.keys(rest).length + step.remove.length === 0) throw error;
    await send(rest);
    return {
      summary: `changed ${names(step)}`,
      warnings: ['this identity may not set the tag pve-gitops'],
      changes: step.changes,
    };
  }
}

export async function resize(input: ConvergeInput, step: ResizeStep, { state }: Holding): Promise<Done> {
  const task = await input.ports.containers.resize(
    state.node,
    state.vmid,
    step.disk,
    step.size,
    state.digest,
    call(DEADLINES.power, input.signal),
  );
  return { summary: `${step.disk} is ${step.size} GiB`, warnings: task.warnings, changes: step.changes };
}

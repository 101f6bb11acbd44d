import { isGitopsError } from '../../model/errors.ts';
import { formatDescription } from '../../model/mark.ts';
import type { PoolStep, ResizeStep, UpdateStep } from '../../model/plan.ts';
import type { ConvergeInput, Done, Taken } from '../context.ts';
import { call, DEADLINES } from '../deadlines.ts';
import type { Holding } from '../lease.ts';

const names = (step: UpdateStep | ResizeStep): string => step.changes.map((change) => change.field).join(', ');

/** Our index in Proxmox VE's lists. Tags can be restricted for the whole datacenter (rows 1094, 1095). */
export const INDEX = 'pve-gitops';

/** Whether the server refused our index and nothing else: git asks for no tag that was refused. */
export function isIndexRefused(error: unknown): boolean {
  return isGitopsError(error) && error.remote.status === 403 && error.message.includes(`modifying tag '${INDEX}'`);
}

export const UNTAGGED = `this identity may not set the tag ${INDEX}; the container stays without it`;

/** One config call with the digest of the config that the plan was made from. */
export async function update(
  input: ConvergeInput,
  step: UpdateStep,
  holding: Holding,
  taken: Set<Taken>,
): Promise<Done> {
  const { state } = holding;
  const { set, remove } = step;
  const description = descriptionAfter(step, holding);
  const whole = description === undefined ? set : { ...set, description };
  const reserved = step.reserved === undefined ? {} : { reserved: step.reserved };
  const write = call(DEADLINES.write, input.signal);
  const send = (sent: UpdateStep['set']) =>
    input.ports.containers.update(state.node, state.vmid, { set: sent, remove, ...reserved }, state.digest, write);
  const done = { summary: `changed ${names(step)}`, warnings: [], changes: step.changes };
  try {
    await send(whole);
    return done;
  } catch (error) {
    if (!isIndexRefused(error)) throw error;
    taken.add('tags');
    const { tags: _, ...rest } = whole;
    if (Object.keys(rest).length + remove.length > 0) await send(rest);
    return { ...done, warnings: [UNTAGGED], changes: step.changes.filter((change) => change.field !== 'tags') };
  }
}

/** undefined: it stays. */
function descriptionAfter({ text, guarded }: UpdateStep, holding: Holding): string | undefined {
  if (text === undefined && guarded === undefined) return undefined;
  const { guarded: before, ...rest } = holding.mark;
  const now = (guarded ?? before === true) ? { ...rest, guarded: true as const } : rest;
  return formatDescription(text ?? holding.text, now);
}

/** The volume grows before the config says so: cut off in between, the size is there already, and stays unsaid. */
export async function resize(
  input: ConvergeInput,
  step: ResizeStep,
  { state }: Holding,
  taken: Set<Taken>,
): Promise<Done> {
  const task = await input.ports.containers.resize(
    state.node,
    state.vmid,
    step.disk,
    step.size,
    state.digest,
    call(DEADLINES.power, input.signal),
  );
  const summary = `${step.disk} is ${step.size} GiB`;
  if (task.upid !== '') return { summary, warnings: task.warnings, changes: step.changes };
  taken.add(`resized ${step.disk}`);
  const mend = `on node ${state.node}, as root: pct rescan --vmid ${state.vmid}`;
  const warning = `${step.disk} has ${step.size} GiB already, and its config says less; ${mend}`;
  return { summary, warnings: [warning], changes: step.changes };
}

export async function pool(input: ConvergeInput, step: PoolStep, { state }: Holding): Promise<Done> {
  await input.ports.containers.pool(state.vmid, step.pool, call(DEADLINES.write, input.signal));
  return { summary: `container ${state.vmid} is in pool ${step.pool}`, warnings: [], changes: step.changes };
}

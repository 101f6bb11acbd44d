import type { MigrateStep } from '../../model/plan.ts';
import type { ConvergeInput, Done } from '../context.ts';
import { call, DEADLINES } from '../deadlines.ts';
import type { Holding } from '../lease.ts';
import { dropSnapshots } from './move.ts';

/** The server stops what runs, sends it, and starts it there; when that fails it starts it here again. */
export async function migrate(input: ConvergeInput, step: MigrateStep, seen: Holding): Promise<Done> {
  const { to, storage, drops, changes } = step;
  const { node, vmid } = seen.state;
  const dropped = await dropSnapshots(input, seen, drops);
  const task = await input.ports.placement.migrate(
    node,
    vmid,
    { node: to, graceSeconds: DEADLINES.graceSeconds, ...(storage === undefined ? {} : { storage }) },
    call(DEADLINES.move, input.signal),
  );
  const went = dropped.length === 0 ? '' : `; dropped: ${dropped.join(', ')}`;
  return { summary: `container ${vmid} stands on ${to}${went}`, warnings: task.warnings, changes };
}

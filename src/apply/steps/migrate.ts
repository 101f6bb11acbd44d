import type { MigrateStep } from '../../model/plan.ts';
import { volumeOf } from '../../model/property-string.ts';
import { rewriteMark } from '../back/settle.ts';
import type { ConvergeInput, Done } from '../context.ts';
import { call, DEADLINES } from '../deadlines.ts';
import type { Holding } from '../lease.ts';
import { dropSnapshots } from './move.ts';

/** A volume that is sent has another name where its own is taken, or its storage is another one. */
async function noteVolumes(input: ConvergeInput, { state, mark }: Holding, node: string): Promise<void> {
  const named = Object.values(mark.volumes ?? {});
  const moving = Object.entries(state.config).flatMap(([key, value]) => {
    const from = volumeOf(value);
    return /^(mp|unused)\d+$/.test(key) && named.includes(from) ? [{ key, from, node }] : [];
  });
  if (moving.length > 0) await rewriteMark(input, (known) => ({ ...known, moving }));
}

/** The server stops what runs, sends it, and starts it there; when that fails it starts it here again. */
export async function migrate(input: ConvergeInput, step: MigrateStep, seen: Holding): Promise<Done> {
  const { to, storage, drops, changes } = step;
  const { node, vmid } = seen.state;
  const dropped = await dropSnapshots(input, seen, drops);
  await noteVolumes(input, seen, to);
  const task = await input.ports.placement.migrate(
    node,
    vmid,
    { node: to, graceSeconds: DEADLINES.graceSeconds, ...(storage === undefined ? {} : { storage }) },
    call(DEADLINES.move, input.signal),
  );
  const went = dropped.length === 0 ? '' : `; dropped: ${dropped.join(', ')}`;
  return { summary: `container ${vmid} stands on ${to}${went}`, warnings: task.warnings, changes };
}

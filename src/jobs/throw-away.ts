import { call, DEADLINES } from '../apply/deadlines.ts';
import type { Ports } from '../model/ports.ts';
import { isThrowAway } from '../plan/job.ts';

export interface ThrowAway {
  readonly node: string;
  readonly vmid: number;
  readonly site: string;
  readonly role: 'job' | 'pilot';
}

/** Not under the run's signal: what was made for a run goes with it, however it ends. true: it was there, and ours. */
export async function destroyThrowAway(
  { containers, inventory }: Pick<Ports, 'containers' | 'inventory'>,
  { node, vmid, site, role }: ThrowAway,
): Promise<boolean> {
  const { signal } = new AbortController();
  const state = await inventory.container(node, vmid, call(DEADLINES.read, signal));
  if (state === undefined || !isThrowAway(state, site, role)) return false;
  if (state.running) await containers.shutdown(node, vmid, 1, call(DEADLINES.power, signal));
  await containers.destroy(node, vmid, call(DEADLINES.power, signal));
  return true;
}

import { formatDescription } from '../../model/mark.ts';
import type { ConvergeInput, Done } from '../context.ts';
import { call, DEADLINES } from '../deadlines.ts';
import { remember } from '../hold.ts';
import type { Holding } from '../lease.ts';

/** Role and start at boot in one call: there is no retired container that comes back with its node. */
export async function retire(input: ConvergeInput, { state, mark, text }: Holding): Promise<Done> {
  const set = { onboot: 0, description: formatDescription(text, { ...mark, role: 'retired' }) };
  const write = call(DEADLINES.write, input.signal);
  await input.ports.containers.update(state.node, state.vmid, { set, remove: [] }, state.digest, write);
  return { summary: `container ${state.vmid} retired: its volumes are kept`, warnings: [] };
}

export async function revive(input: ConvergeInput): Promise<Done> {
  await remember(input, { role: 'live' });
  return { summary: 'it is a live container again', warnings: [] };
}

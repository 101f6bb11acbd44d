import { call, DEADLINES } from '../apply/deadlines.ts';
import type { Snapshots, Surroundings } from '../model/container-ports.ts';
import { GitopsError } from '../model/errors.ts';
import { parseDescription } from '../model/mark.ts';
import type { ContainerState, Guest } from '../model/observed.ts';
import type { Inventory } from '../model/ports.ts';

export interface InspectPorts {
  readonly inventory: Inventory;
  readonly snapshots: Pick<Snapshots, 'list'>;
  readonly surroundings: Pick<Surroundings, 'rawLines'>;
}

/** A container that exists, with what its config does not show. */
export interface Inspected {
  readonly state: ContainerState;
  readonly pool?: string;
  readonly rawLines: readonly string[];
  readonly snapshots: readonly string[];
}

/** Looks at a container that shall be taken over. Reads only. Throws when there is none, or none that can be taken over. */
export async function inspect(ports: InspectPorts, vmid: number, signal: AbortSignal): Promise<Inspected> {
  const { inventory, snapshots, surroundings } = ports;
  const read = call(DEADLINES.read, signal);
  const refuse = (kind: 'user' | 'not-ours' | 'busy', reason: string, ...advice: string[]): GitopsError =>
    new GitopsError(kind, `Unable to import container ${vmid}: ${reason}`, { advice });

  const guest = (await inventory.guests(read)).find((entry) => entry.vmid === vmid);
  if (guest?.type === 'qemu') {
    const name = guest.name === undefined ? '' : ` "${guest.name}"`;
    throw refuse('not-ours', `vmid ${vmid} is a virtual machine${name} on node ${guest.node}`);
  }
  const state = await find(inventory, vmid, guest, signal);
  if (state === undefined) {
    if (await inventory.vmidFree(vmid, read)) {
      throw refuse('user', 'there is no guest with this vmid', 'pct list, on each node, shows those that are there');
    }
    const advice = `give this identity VM.Audit on /vms/${vmid}`;
    throw refuse('user', 'a guest has this vmid, and this identity cannot see it', advice);
  }
  if (state.lock === 'create') throw refuse('busy', 'it is being made (locked: create)', 'try again when that is done');
  if (guest?.template === true || state.config.template === '1') {
    throw refuse('user', 'it is a template', 'make a container from it (pct clone), and import that one');
  }
  const { unreadable } = parseDescription(state.config.description);
  if (unreadable !== undefined) {
    const advice = 'take that line out of its description on purpose, then import it';
    throw refuse('not-ours', 'it has an owner mark that cannot be read', advice, unreadable);
  }
  const [rawLines, taken] = await Promise.all([
    surroundings.rawLines(state.node, vmid, read),
    snapshots.list(state.node, vmid, read),
  ]);
  const names = taken.map(({ name }) => name);
  return { state, rawLines, snapshots: names, ...(guest?.pool === undefined ? {} : { pool: guest.pool }) };
}

/** On the node that the list names; the list lags by seconds, so that a new one is looked for on each node. */
async function find(
  inventory: Inventory,
  vmid: number,
  guest: Guest | undefined,
  signal: AbortSignal,
): Promise<ContainerState | undefined> {
  const read = call(DEADLINES.read, signal);
  const nodes = guest === undefined ? await inventory.nodes(read) : [guest.node];
  for (const node of nodes) {
    const state = await inventory.container(node, vmid, read);
    if (state !== undefined) return state;
  }
  return undefined;
}

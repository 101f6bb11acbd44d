import type { Desired } from '../model/desired.ts';
import { isGitopsError } from '../model/errors.ts';
import type { Finding } from '../model/finding.ts';
import type { Mark } from '../model/mark.ts';
import type { ContainerState, Guest } from '../model/observed.ts';
import type { Inventory } from '../model/ports.ts';
import type { Settings } from '../model/settings.ts';
import { type Identity, identityOf, ownershipOf, qemuRefusal, refusal } from '../plan/ownership.ts';
import { ok, problem, problemOf, unlessForbidden } from './findings.ts';
import { reading } from './look.ts';

/** The container of a definition, as far as it can be seen. */
export interface GuestSight {
  /** Of the container, or of the one to be made. */
  readonly vmid: number;
  /** Present: where it stands. */
  readonly node?: string;
  readonly pool?: string;
  /** free: it does not exist yet; taken: somebody else's is there, of which nothing here holds. */
  readonly standing: 'free' | 'ours' | 'taken';
  /** Of one that is ours. */
  readonly own?: { readonly state: ContainerState; readonly mark: Mark };
  readonly finding: Finding;
}

export async function lookForGuest(
  inventory: Inventory,
  settings: Settings,
  desired: Desired,
  signal: AbortSignal,
): Promise<GuestSight> {
  const call = reading(signal);
  const identity = identityOf(settings.site, desired);
  const guests = await inventory.guests(call);
  if (desired.vmid.kind === 'lowest') {
    const own = await findOwn(inventory, guests, desired, identity, signal);
    if (own !== undefined) return own;
    const vmid = await inventory.nextVmid(call);
    return { vmid, standing: 'free', finding: ok('container', `vmid ${vmid} is the lowest free one`) };
  }
  const { vmid } = desired.vmid;
  const guest = guests.find((entry) => entry.vmid === vmid);
  if (guest?.type === 'qemu') return { vmid, standing: 'taken', finding: problemOf('container', qemuRefusal(guest)) };
  if (guest === undefined && (await inventory.vmidFree(vmid, call))) {
    return { vmid, standing: 'free', finding: ok('container', `vmid ${vmid} is free`) };
  }
  const node = guest?.node ?? (await inventory.nodes(call))[0];
  const state = node === undefined ? undefined : await readState(inventory, node, vmid, signal);
  if (state !== undefined) return sightOf(state, guest, identity);
  const text = `vmid ${vmid} is taken by a guest that this identity cannot see`;
  const fix = ['choose another ID in the definition', `or, if it is ours, let it be seen: VM.Audit on /vms/${vmid}`];
  return { vmid, standing: 'taken', finding: problem('container', 'user', text, fix) };
}

async function findOwn(
  inventory: Inventory,
  guests: readonly Guest[],
  desired: Desired,
  identity: Identity,
  signal: AbortSignal,
): Promise<GuestSight | undefined> {
  const candidates = guests.filter(
    ({ type, name, tags }) => type === 'lxc' && (name === desired.hostname || tags.includes('pve-gitops')),
  );
  for (const guest of candidates) {
    const state = await readState(inventory, guest.node, guest.vmid, signal);
    if (state !== undefined && ownershipOf(state, identity).kind === 'ours') return sightOf(state, guest, identity);
  }
  return undefined;
}

/** One on another node, or gone meanwhile, is not seen; neither is one that this identity may not see. */
async function readState(
  inventory: Inventory,
  node: string,
  vmid: number,
  signal: AbortSignal,
): Promise<ContainerState | undefined> {
  try {
    return await unlessForbidden(inventory.container(node, vmid, reading(signal)));
  } catch (error) {
    if (isGitopsError(error) && error.remote.status === 500) return undefined;
    throw error;
  }
}

function sightOf(state: ContainerState, guest: Guest | undefined, identity: Identity): GuestSight {
  const { vmid, node } = state;
  const ownership = ownershipOf(state, identity);
  if (ownership.kind !== 'ours') {
    return { vmid, standing: 'taken', finding: problemOf('container', refusal(vmid, node, ownership)) };
  }
  const text = `container ${vmid} on ${node} is ours, ${state.running ? 'running' : 'stopped'}`;
  const pool = guest?.pool === undefined ? {} : { pool: guest.pool };
  const own = { state, mark: ownership.mark };
  return { vmid, node, standing: 'ours', own, finding: ok('container', text), ...pool };
}

import { call, DEADLINES } from './apply/deadlines.ts';
import type { Address, Desired, NetworkInterface } from './model/desired.ts';
import { GitopsError } from './model/errors.ts';
import type { ContainerState } from './model/observed.ts';
import type { Ports } from './model/ports.ts';
import { parseProperties } from './model/property-string.ts';
import type { Settings } from './model/settings.ts';
import type { CandidateAddress } from './plan/candidate.ts';

export interface AddressSearch {
  readonly ports: Pick<Ports, 'shells' | 'inventory'>;
  readonly settings: Settings;
  readonly desired: Desired;
  readonly signal: AbortSignal;
}

/** vmid of a container's candidate: always the same one, so that it is found whatever else is lost. */
export function candidateOf({ settings }: Pick<AddressSearch, 'settings'>, vmid: number): number {
  return settings.candidateVmidBase + vmid;
}

/**
 * Where a candidate comes up. Of several addresses the search begins at another one for each container, so that two
 * replaces at the same time do not meet. Throws kind busy when all of them are taken.
 */
export async function candidateAddress(search: AddressSearch, candidate: number): Promise<CandidateAddress> {
  const { ports, settings, desired, signal } = search;
  const all = settings.candidateAddresses;
  if (all === 'none') return { kind: 'live' };
  if (all === 'dhcp') return { kind: 'dhcp' };
  const taken = await candidatesOf(search, candidate);
  for (let turn = 0; turn < all.length; turn += 1) {
    const address = all[(candidate + turn) % all.length] ?? '';
    if (taken.has(address)) continue;
    if (await ports.shells.answers(address, call(DEADLINES.answers, signal))) continue;
    return { kind: 'static', address, ...routeOf(desired, settings, address) };
  }
  throw new GitopsError(
    'busy',
    `Unable to build candidate ${candidate}: all ${all.length} candidate_addresses are taken`,
    {
      advice: ['try again when another replace has ended', 'or set more candidate_addresses'],
    },
  );
}

/** Addresses that other candidates and jobs were given, whether they run or not. */
async function candidatesOf({ ports, settings, signal }: AddressSearch, own: number): Promise<ReadonlySet<string>> {
  const read = call(DEADLINES.read, signal);
  const { candidateVmidBase, jobVmidBase = candidateVmidBase } = settings;
  const lowest = Math.min(candidateVmidBase, jobVmidBase);
  const guests = (await ports.inventory.guests(read)).filter(
    ({ vmid, type }) => type === 'lxc' && vmid >= lowest && vmid !== own,
  );
  const states = await Promise.all(guests.map(({ node, vmid }) => ports.inventory.container(node, vmid, read)));
  const nets = states.flatMap((state) => Object.entries(state?.config ?? {}).filter(([key]) => /^net\d+$/.test(key)));
  return new Set(nets.map(([, value]) => (parseProperties(value).get('ip') ?? '').split('/')[0] ?? ''));
}

/** Prefix and gateway of the definition's own address, when that has some; else the site's. */
function routeOf(
  desired: Desired,
  { network }: Settings,
  _address: string,
): { readonly prefix: number; readonly gateway?: string } {
  const own = desired.interfaces[0]?.ipv4;
  const { prefix, gateway } = own?.kind === 'static' ? own : { prefix: network.prefix, gateway: network.gateway };
  return { prefix, ...(gateway === undefined ? {} : { gateway }) };
}

/** A candidate's interfaces as its config says them: the way into it. */
export function candidateInterfaces(
  state: ContainerState,
  wanted: readonly NetworkInterface[],
): readonly NetworkInterface[] {
  return wanted.map((net) => ({ ...net, ipv4: addressIn(state.config[`net${net.index}`]) }));
}

function addressIn(value: string | undefined): Address {
  const ip = parseProperties(value ?? '').get('ip');
  if (ip === 'dhcp' || ip === 'manual') return { kind: ip };
  if (ip === undefined) return { kind: 'none' };
  const [address = '', prefix = '32'] = ip.split('/');
  return { kind: 'static', address, prefix: Number(prefix) };
}

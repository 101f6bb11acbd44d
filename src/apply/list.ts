import { type Mark, parseDescription } from '../model/mark.ts';
import type { ContainerState } from '../model/observed.ts';
import type { Inventory } from '../model/ports.ts';
import { call, DEADLINES } from './deadlines.ts';

export interface OwnContainer {
  readonly state: ContainerState;
  readonly mark: Mark;
}

/**
 * All containers with a mark of this site that this identity may see. The tag is the index, the mark the proof. `as listed`: one
 * that runs by the list, which lags by seconds, is taken for running.
 */
export async function listOwn(
  inventory: Inventory,
  site: string,
  signal: AbortSignal,
  look: 'now' | 'as listed' = 'now',
): Promise<readonly OwnContainer[]> {
  const own = await Promise.all(await readOwn(inventory, site, signal, look));
  return own.flatMap((one) => one ?? []);
}

/** The same by vmid, each as soon as it has been read; undefined: not the site's. */
export async function readOwn(
  inventory: Inventory,
  site: string,
  signal: AbortSignal,
  look: 'now' | 'as listed',
): Promise<readonly Promise<OwnContainer | undefined>[]> {
  const read = call(DEADLINES.read, signal);
  // A container made seconds ago stands in the list without name and tags.
  const candidates = (await inventory.guests(read)).filter(
    (guest) => guest.type === 'lxc' && (guest.name === undefined || guest.tags.includes('pve-gitops')),
  );
  return candidates
    .toSorted((a, b) => a.vmid - b.vmid)
    .map(async (guest) => {
      const state = await inventory.container(guest.node, guest.vmid, read, look === 'now' ? undefined : guest);
      const { mark } = parseDescription(state?.config.description);
      const isOwn = state !== undefined && mark?.vmid === state.vmid && mark.site === site;
      return isOwn ? { state, mark } : undefined;
    });
}

import type { Desired } from '../model/desired.ts';
import type { StorageState } from '../model/observed.ts';
import { chooseWayBack } from '../plan/way-back.ts';
import { unlessForbidden } from './findings.ts';
import type { GuestSight } from './guest.ts';
import { type DoctorPorts, reading } from './look.ts';

/** The storage that a backup would go to: of those that take backups the one with the most space. */
export function backupStorage(templateStorage: string, storages: readonly StorageState[]): string | undefined {
  const takers = storages.filter(({ content, active, enabled }) => active && enabled && content.includes('backup'));
  const roomiest = takers.toSorted((a, b) => b.available - a.available)[0]?.storage;
  // What is not visible may take them, as Proxmox VE's own `local` does; its missing privilege is told anyway.
  const hidden = !storages.some(({ storage }) => storage === templateStorage);
  return roomiest ?? (hidden ? templateStorage : undefined);
}

/** What a change of this container would take first, so that a deploy needs the right to it; undefined: nothing that asks for any. */
export async function wayBackOf(
  { snapshots }: Pick<DoctorPorts, 'snapshots'>,
  { wayBack }: Pick<Desired, 'wayBack'>,
  { own }: GuestSight,
  storage: string | undefined,
  signal: AbortSignal,
): Promise<'snapshot' | 'backup' | undefined> {
  // One that was never configured has nothing to go back to.
  if (own?.mark.applied.configuration === undefined) return undefined;
  const { state, mark } = own;
  const snapshotPossible = await unlessForbidden(snapshots.possible(state.node, state.vmid, reading(signal)));
  if (snapshotPossible === undefined) return undefined;
  const facts = { snapshotPossible, backupStorage: storage, used: state.used };
  const { kind } = chooseWayBack(wayBack, state.config, mark.good?.commit, facts);
  return kind === 'snapshot' || kind === 'backup' ? kind : undefined;
}

import { formatReplaceBackup, ownerWords } from '../../model/promotion.ts';
import type { ReplacementAction, Seen } from '../../model/replacement.ts';
import { call, DEADLINES } from '../deadlines.ts';
import { whileRenewing } from '../lease.ts';
import { expiry } from './candidate.ts';
import type { PromoteInput } from './context.ts';
import { renewBoth } from './notes.ts';

type Archive = Extract<ReplacementAction, { kind: 'archive' }>;

/** One whole backup, known again by its notes. A running one is backed up while it serves. */
export async function archive(input: PromoteInput, { what }: Archive, { state, mark }: Seen): Promise<string> {
  const { ports, node, signal } = input;
  const { promotion } = mark;
  const vmid = state.vmid;
  const text =
    what === 'candidate'
      ? `candidate for container ${input.vmids.live} (${mark.owner})`
      : `container ${vmid} (${mark.owner}) before it was replaced`;
  const notes = formatReplaceBackup(text, {
    id: promotion?.id ?? '',
    of: ownerWords(mark),
    kind: what,
    expires: expiry(input),
  });
  // Where a volume cannot be snapshotted, Proxmox VE suspends for a moment by itself.
  const mode = state.running ? 'snapshot' : 'stop';
  const wish = { vmid, storage: input.backupStorage, mode, notes } as const;
  const take = () => ports.backups.take(node, wish, call(DEADLINES.create, signal));
  const { backup } = await whileRenewing(ports, () => renewBoth(input), signal, take);
  return backup.volid;
}

export async function removeArchive({ ports, node, signal }: PromoteInput, vmid: number, volid: string): Promise<void> {
  await ports.backups.remove(node, vmid, volid, call(DEADLINES.power, signal));
}

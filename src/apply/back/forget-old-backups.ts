import type { Mark } from '../../model/mark.ts';
import type { Reporter } from '../../model/ports.ts';
import type { Holding } from '../lease.ts';
import { type BackupSearch, mayHaveExpired, removeExpired, withUntil } from './replace-backups.ts';

/** What is done while a run holds the container; `change` writes its mark. */
type HeldWork = (holding: Holding, change: (to: (mark: Mark) => Mark) => Promise<unknown>) => Promise<void>;

/**
 * A backup that a replace has left goes with the first run after its days, whatever that run is for. Only the mark is looked at
 * until then, so that it costs no call. It fails no run: what was done for the container is done.
 */
export async function forgetOldBackups(
  ports: BackupSearch['ports'] & { readonly reporter: Reporter },
  mark: Mark,
  signal: AbortSignal,
  hold: (work: HeldWork) => Promise<void>,
): Promise<void> {
  if (!mayHaveExpired(mark, ports)) return;
  try {
    await hold(async (holding, change) => {
      const expired = await removeExpired({ ports, node: holding.state.node, signal }, holding.mark);
      await change((now) => withUntil(now, expired));
      for (const volid of expired.removed) {
        const text = `backup ${volid}, of what was before a replace, was too old: removed`;
        ports.reporter.tell({ kind: 'note', text });
      }
    });
  } catch (error) {
    if (signal.aborted) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    ports.reporter.tell({ kind: 'warning', text: `an old backup of a replace stays: ${reason}` });
  }
}

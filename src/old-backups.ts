import { mayHaveExpired, removeExpired, withUntil } from './apply/back/replace-backups.ts';
import { rewriteMark } from './apply/back/settle.ts';
import type { Observation } from './apply/context.ts';
import type { Ports } from './model/ports.ts';
import type { ContainerRun } from './run.ts';
import { held } from './way-back.ts';

/**
 * A backup that a replace has left goes with the first run after its days, whatever that run is for. Only the mark is looked at
 * until then, so that it costs no call. It fails no run.
 */
export async function forgetOldBackups(
  ports: Ports,
  run: ContainerRun,
  seen: Observation,
  signal: AbortSignal,
): Promise<void> {
  if (seen.kind === 'absent' || !mayHaveExpired(seen.mark, ports)) return;
  try {
    await held(ports, run, async (input, { state, mark }) => {
      const expired = await removeExpired({ ports, node: state.node, signal }, mark);
      await rewriteMark(input, (now) => withUntil(now, expired));
      for (const volid of expired.removed)
        ports.reporter.tell({
          kind: 'note',
          text: `backup ${volid}, of what was before a replace, was too old: removed`,
        });
    });
  } catch (error) {
    if (signal.aborted) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    ports.reporter.tell({ kind: 'warning', text: `an old backup of a replace stays: ${reason}` });
  }
}

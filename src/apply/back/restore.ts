import { GitopsError } from '../../model/errors.ts';
import { formatDescription, type Mark, type Way } from '../../model/mark.ts';
import { call, DEADLINES } from '../deadlines.ts';
import { type Holding, writeMark } from '../lease.ts';
import { type BackPorts, keptPoints } from './take.ts';

/** The mark of a container that is about to be what it was: written first, so that nothing newer counts as applied. */
export function markOf(mark: Mark, past: { readonly applied: Mark['applied']; readonly commit?: string }): Mark {
  const { commit: _, ...rest } = mark;
  return { ...rest, applied: past.applied, ...(past.commit === undefined ? {} : { commit: past.commit }) };
}

/**
 * The container becomes what it was at a way point of ours. It is stopped after it: the next plan starts it. Safe to be
 * killed and repeated: until the mark drops its attempt, the same way point is gone back to again.
 */
export async function restoreWayPoint(
  ports: BackPorts,
  holding: Holding,
  way: Extract<Way, { kind: 'snapshot' | 'backup' }>,
  observe: () => Promise<Holding>,
  signal: AbortSignal,
): Promise<string> {
  const { node, vmid } = holding.state;
  const storage = way.kind === 'backup' ? [way.volid.split(':')[0] ?? ''] : [];
  const kept = await keptPoints(ports, holding, storage, signal);
  const found = kept.find((entry) =>
    way.kind === 'snapshot'
      ? entry.way.kind === 'snapshot' && entry.way.name === way.name
      : entry.way.kind === 'backup' && entry.way.volid === way.volid,
  );
  const what = way.kind === 'snapshot' ? `snapshot ${way.name}` : `backup ${way.volid}`;
  if (found === undefined) {
    throw new GitopsError('remote', `Unable to take container ${vmid} back: ${what} is gone, or not ours any more`);
  }
  const mark = markOf(holding.mark, found.point);
  if (!(await writeMark(ports, holding, mark, signal))) {
    throw new GitopsError('busy', `Unable to take container ${vmid} back: somebody else is changing it`);
  }
  const now = await observe();
  if (way.kind === 'snapshot') {
    await ports.snapshots.rollback(node, vmid, way.name, call(DEADLINES.create, signal));
    return what;
  }
  if (now.state.running) {
    await ports.containers.shutdown(node, vmid, DEADLINES.graceSeconds, call(DEADLINES.power, signal));
  }
  const stopped = await observe();
  const rootfs = (stopped.state.config.rootfs ?? '').split(',')[0] ?? '';
  await ports.backups.restore(
    {
      node,
      vmid,
      archive: way.volid,
      storage: rootfs.split(':')[0] ?? '',
      parameters: {
        description: formatDescription(stopped.text, stopped.mark),
        // The server's default differs by version, and the archive's own word does not count.
        unprivileged: stopped.state.config.unprivileged === '1' ? 1 : 0,
      },
      over: { digest: stopped.state.digest, losing: [rootfs] },
    },
    call(DEADLINES.create, signal),
  );
  return what;
}
